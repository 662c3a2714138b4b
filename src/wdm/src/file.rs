//! What a driver keeps for each open handle: in `FILE_OBJECT.FsContext`, or in a list of a filter's own.

// UNSAFETY: follows a pointer that the I/O manager keeps.
#![expect(unsafe_code, reason = "follows FsContext to this crate's own memory")]

use core::pin::Pin;
use core::ptr::{NonNull, null_mut};

use crate::device::Device;
use crate::device_object::Fdo;
use crate::irp::Irp;
use crate::pool::PoolBox;
use crate::stack_location::{StackLocation, device_object};
use crate::state::State;
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
/// `file` is being opened on `fdo`.
pub(crate) unsafe fn attach<D: Device>(
    file: NonNull<FILE_OBJECT>,
    fdo: Fdo<'_, D>,
    state: D::File,
) -> Result<(), NtStatus> {
    if const { D::ROLE.is_filter() } {
        return fdo.header().handles.insert(file, state);
    }
    let context = PoolBox::try_new(Context::<D> {
        device: fdo.object(),
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
/// `irp` is the `IRP_MJ_CLOSE` of a handle of a device whose state is a `D`, or an `IRP_MJ_CREATE` that has failed.
pub(crate) unsafe fn detach<D: Device>(irp: NonNull<IRP>) {
    // SAFETY: the IRP of a dispatch call.
    let stack = unsafe { StackLocation::of(irp) };
    if const { D::ROLE.is_filter() } {
        if let Some(file) = stack.file_object() {
            // SAFETY: the IRP of a dispatch call.
            let device = unsafe { device_object(irp) };
            // SAFETY: its state is a `D`.
            let fdo = unsafe { Fdo::<D>::of(device) };
            // SAFETY: this is the file object's last IRP, or its first.
            unsafe { fdo.header().handles.remove::<D::File>(file) };
        }
        return;
    }
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
    // SAFETY: the caller has the IRP for 'irp.
    let stack: StackLocation<'irp> = unsafe { StackLocation::of(irp) };
    if const { D::ROLE.is_filter() } {
        // SAFETY: the IRP's device.
        let device = unsafe { device_object(irp) };
        // SAFETY: its state is a `D`, and the IRP keeps it.
        let handles = &unsafe { Fdo::<D>::of(device) }.header().handles;
        let file = handles.find::<D::File>(stack.file_object()?)?;
        // SAFETY: the IRP keeps its file object, and so what is kept for that.
        let file: &'irp D::File = unsafe { file.as_ref() };
        // SAFETY: in a box, so it stays where it is until it is dropped.
        return Some(unsafe { Pin::new_unchecked(file) });
    }
    let context = stack.file_context()?.cast::<Context<D>>();
    // SAFETY: `attach` put it there, as all devices of a driver have the same routines; the IRP keeps its
    // file object, and so what that has until it is closed.
    let context: &'irp Context<D> = unsafe { context.as_ref() };
    // Another driver may send an IRP with a file object of another device.
    // SAFETY: the caller has the IRP for 'irp.
    if context.device != unsafe { device_object(irp) } {
        return None;
    }
    // SAFETY: in a box, so it stays where it is until it is dropped.
    Some(unsafe { Pin::new_unchecked(&context.file) })
}
