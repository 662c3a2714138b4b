//! `FILE_OBJECT.FsContext`: what a driver keeps for each open handle.

// UNSAFETY: follows a pointer that the I/O manager keeps.
#![expect(unsafe_code, reason = "follows FsContext to this crate's own memory")]

use core::pin::Pin;
use core::ptr::{NonNull, null_mut};

use crate::device::Device;
use crate::irp::{Irp, State};
use crate::pool::PoolBox;
use crate::stack_location::{StackLocation, device_object};
use crate::status::NtStatus;
use crate::sys::{FILE_OBJECT, IRP, PDEVICE_OBJECT};

/// What `FsContext` points to, in a [`PoolBox`], from `IRP_MJ_CREATE` to `IRP_MJ_CLOSE`.
#[repr(C)]
struct Context<D: Device> {
    /// Whose file it is.
    device: PDEVICE_OBJECT,
    file: D::File,
}

impl<D: Device, S: State> Irp<D, S> {
    /// The state of the handle it came through. A request that another driver has made may have none.
    #[must_use]
    #[inline]
    pub fn file(&self) -> Option<Pin<&D::File>> {
        // SAFETY: owned while borrowed, by the type invariant.
        unsafe { of_irp::<D>(self.as_raw()) }
    }
}

/// Begins with a handle.
///
/// # Errors
///
/// `STATUS_INSUFFICIENT_RESOURCES`.
///
/// # Safety
///
/// `file` is being opened on `device`, whose state is a `D`.
pub(crate) unsafe fn attach<D: Device>(
    file: NonNull<FILE_OBJECT>,
    device: PDEVICE_OBJECT,
    state: D::File,
) -> Result<(), NtStatus> {
    let context = PoolBox::try_new(Context::<D> {
        device,
        file: state,
    })?;
    // SAFETY: nobody else uses the file object before it is open.
    unsafe { (*file.as_ptr()).FsContext = PoolBox::into_raw(context).as_ptr().cast() };
    Ok(())
}

/// Frees what is kept for a handle.
///
/// # Safety
///
/// `irp` is the `IRP_MJ_CLOSE` of a handle of a device whose state is a `D`.
pub(crate) unsafe fn detach<D: Device>(irp: NonNull<IRP>) {
    // SAFETY: the IRP of a dispatch call.
    let stack = unsafe { StackLocation::of(irp) };
    if let (Some(file), Some(context)) = (stack.file_object(), stack.file_context()) {
        // SAFETY: this is the file object's last IRP.
        unsafe { (*file.as_ptr()).FsContext = null_mut() };
        // SAFETY: put there by `attach`; no IRP that could use it is left.
        drop(unsafe { PoolBox::<Context<D>>::from_raw(context.cast()) });
    }
}

/// The state of the handle that `irp` came through, if that is a handle of the device it was sent to.
///
/// # Safety
///
/// For `'irp` the caller owns `irp`, or holds the lock of the queue it is in, or runs its dispatch routine.
/// The state of its device is a `D`.
#[inline]
pub(crate) unsafe fn of_irp<'irp, D: Device>(irp: NonNull<IRP>) -> Option<Pin<&'irp D::File>> {
    // SAFETY: by the caller.
    let stack: StackLocation<'irp> = unsafe { StackLocation::of(irp) };
    let context = stack.file_context()?.cast::<Context<D>>();
    // SAFETY: `attach` put it there, as all devices of a driver have the same routines; the IRP keeps its
    // file object, and so what that has until it is closed.
    let context: &'irp Context<D> = unsafe { context.as_ref() };
    // Another driver may send an IRP with a file object of another device.
    // SAFETY: by the caller.
    if context.device != unsafe { device_object(irp) } {
        return None;
    }
    // SAFETY: in a box, so it stays where it is until it is dropped.
    Some(unsafe { Pin::new_unchecked(&context.file) })
}
