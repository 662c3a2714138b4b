//! `IO_STACK_LOCATION`: what the I/O manager asks the driver to do.

// UNSAFETY: reads the kernel's structures.
#![expect(
    unsafe_code,
    reason = "reads fields, unions among them, of a stack location"
)]

use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::sys::{
    FILE_OBJECT, IO_STACK_LOCATION, IRP, PDEVICE_OBJECT, PIRP, current_stack_location_field,
    device_io_control, transfer_length,
};

/// `IoGetCurrentIrpStackLocation`.
///
/// # Safety
///
/// `irp` points to an IRP that is at a driver: being dispatched to it, or owned by it.
pub(crate) unsafe fn current_stack_location(irp: PIRP) -> *mut IO_STACK_LOCATION {
    // SAFETY: the caller has an IRP that is this driver's, so it is at a stack location.
    let field = unsafe { current_stack_location_field(irp) };
    // SAFETY: a field of the caller's IRP.
    unsafe { *field }
}

/// The device object an IRP was sent to.
///
/// # Safety
///
/// As for [`current_stack_location`].
pub(crate) unsafe fn device_object(irp: NonNull<IRP>) -> PDEVICE_OBJECT {
    // SAFETY: the caller has the IRP (see above), so it is at a stack location of this driver.
    let stack = unsafe { current_stack_location(irp.as_ptr()) };
    // SAFETY: the stack location is the driver's for as long as the IRP is.
    unsafe { (*stack).DeviceObject }
}

/// The driver's stack location of an IRP it owns.
#[derive(Clone, Copy)]
pub struct StackLocation<'irp> {
    /// # Invariants
    ///
    /// The current stack location of an IRP that the driver owns for `'irp`.
    raw: NonNull<IO_STACK_LOCATION>,
    irp: PhantomData<&'irp ()>,
}

/// The parameters of a device control request.
#[derive(Clone, Copy)]
pub(crate) struct DeviceControl {
    pub(crate) code: u32,
    /// Length of the input, in bytes.
    pub(crate) input_length: u32,
    /// Length of the space for the answer, in bytes.
    pub(crate) output_length: u32,
}

impl StackLocation<'_> {
    /// The current stack location of `irp`.
    ///
    /// # Safety
    ///
    /// The driver owns `irp` for `'irp`.
    pub(crate) unsafe fn of(irp: NonNull<IRP>) -> Self {
        // SAFETY: the caller has the IRP for 'irp.
        let raw = unsafe { current_stack_location(irp.as_ptr()) };
        Self {
            // SAFETY: the I/O manager sets the stack location before it calls a driver.
            raw: unsafe { NonNull::new_unchecked(raw) },
            irp: PhantomData,
        }
    }

    /// `IRP_MJ_*`.
    #[must_use]
    pub fn major_function(self) -> u8 {
        // SAFETY: valid for reads, by the type invariant.
        unsafe { (*self.raw.as_ptr()).MajorFunction }
    }

    /// `IRP_MN_*`, in the numbering of the major function.
    #[must_use]
    pub fn minor_function(self) -> u8 {
        // SAFETY: valid for reads, by the type invariant.
        unsafe { (*self.raw.as_ptr()).MinorFunction }
    }

    /// The parameters of a device control request.
    ///
    /// # Safety
    ///
    /// It is one: of the members of a union, the major function selects this one.
    pub(crate) unsafe fn device_control(self) -> DeviceControl {
        // SAFETY: valid for reads, by the type invariant, and by the caller.
        let [code, input_length, output_length] = unsafe { device_io_control(self.raw.as_ptr()) };
        DeviceControl {
            code,
            input_length,
            output_length,
        }
    }

    /// How many bytes a read or a write is of.
    ///
    /// # Safety
    ///
    /// It is one, as for [`device_control`](Self::device_control).
    pub(crate) unsafe fn transfer_length(self) -> u32 {
        // SAFETY: valid for reads, by the type invariant, and by the caller.
        unsafe { transfer_length(self.raw.as_ptr()) }
    }

    /// The handle's file object. A request that another driver made may have none (TR-36).
    pub(crate) fn file_object(self) -> Option<NonNull<FILE_OBJECT>> {
        // SAFETY: valid for reads, by the type invariant.
        NonNull::new(unsafe { (*self.raw.as_ptr()).FileObject })
    }

    /// Whether a file is opened by a name that is more than the device's.
    pub(crate) fn opens_by_name(self) -> bool {
        self.file_object().is_some_and(|file| {
            // SAFETY: an IRP holds a reference to its file object.
            unsafe { (*file.as_ptr()).FileName.Length != 0 }
        })
    }

    /// What the driver keeps for the handle.
    #[inline]
    pub(crate) fn file_context(self) -> Option<NonNull<core::ffi::c_void>> {
        let file = self.file_object()?;
        // SAFETY: an IRP holds a reference to its file object.
        let context = unsafe { (*file.as_ptr()).FsContext };
        NonNull::new(context)
    }
}
