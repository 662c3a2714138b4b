//! What Plug and Play IRPs need beyond the rest: waiting for the drivers below, and removal.
//!
//! See "Handling Plug and Play IRPs in a function driver":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/plug-and-play-irps>.

// UNSAFETY: sends IRPs down the stack with a completion routine.
#![expect(unsafe_code, reason = "sends IRPs down the device stack")]

use core::mem::offset_of;
use core::ptr::NonNull;

use crate::device_object::{Fdo, Header};
use crate::dispatch::Device;
use crate::event;
use crate::irp::{Dispatched, Irp, Received, call_lower};
use crate::stack_location::current_stack_location;
use crate::status::NtStatus;
use crate::sys::{
    INVOKE_ALWAYS, IO_STACK_LOCATION, IRP, IRP_MN_CANCEL_REMOVE_DEVICE, IRP_MN_CANCEL_STOP_DEVICE,
    IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_QUERY_STOP_DEVICE, IRP_MN_REMOVE_DEVICE,
    IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE, IRP_MN_SURPRISE_REMOVAL, IofCallDriver, KEVENT,
    NTSTATUS, PDEVICE_OBJECT, PIO_COMPLETION_ROUTINE, PIRP, PVOID, STATUS_MORE_PROCESSING_REQUIRED,
    STATUS_PENDING, io_status,
};

/// The minor functions a driver takes part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minor {
    /// `IRP_MN_START_DEVICE`
    Start,
    /// `IRP_MN_QUERY_STOP_DEVICE`
    QueryStop,
    /// `IRP_MN_STOP_DEVICE`
    Stop,
    /// `IRP_MN_CANCEL_STOP_DEVICE`
    CancelStop,
    /// `IRP_MN_QUERY_REMOVE_DEVICE`
    QueryRemove,
    /// `IRP_MN_CANCEL_REMOVE_DEVICE`
    CancelRemove,
    /// `IRP_MN_SURPRISE_REMOVAL`
    SurpriseRemoval,
    /// `IRP_MN_REMOVE_DEVICE`
    Remove,
    /// Any other, to be passed down as it is (INV-73).
    Other,
}

impl From<u8> for Minor {
    fn from(minor: u8) -> Self {
        match u32::from(minor) {
            IRP_MN_START_DEVICE => Self::Start,
            IRP_MN_QUERY_STOP_DEVICE => Self::QueryStop,
            IRP_MN_STOP_DEVICE => Self::Stop,
            IRP_MN_CANCEL_STOP_DEVICE => Self::CancelStop,
            IRP_MN_QUERY_REMOVE_DEVICE => Self::QueryRemove,
            IRP_MN_CANCEL_REMOVE_DEVICE => Self::CancelRemove,
            IRP_MN_SURPRISE_REMOVAL => Self::SurpriseRemoval,
            IRP_MN_REMOVE_DEVICE => Self::Remove,
            _ => Self::Other,
        }
    }
}

impl Irp<Received> {
    /// Sends a Plug and Play IRP down and waits until the drivers below have finished with it. The
    /// IRP is this driver's again afterwards, and still to be ended. Returns the status below.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`; waits.
    pub fn forward_and_wait(&mut self) -> NtStatus {
        let irp = self.as_raw();
        let mut finished = KEVENT::default();
        let finished = &raw mut finished;
        // SAFETY: on this stack, which stays until the wait below is over.
        unsafe { event::initialize(finished) };
        // SAFETY: owned, by the type's invariant.
        unsafe { prepare_next(irp, finished) };
        // SAFETY: as above.
        let header = unsafe { Header::of_irp(irp) };
        // SAFETY: the remove-lock reference keeps the device extension alive.
        let lower = unsafe { header.as_ref() }.lower();
        // SAFETY: the completion routine gives the IRP back, so it is only lent.
        let status = unsafe { IofCallDriver(lower, irp.as_ptr()) };
        if status != STATUS_PENDING {
            return NtStatus::from_raw(status);
        }
        // SAFETY: initialized above; the completion routine sets it.
        unsafe { event::wait(finished) };
        // SAFETY: the IRP is back.
        let field = unsafe { io_status(irp.as_ptr()) };
        // SAFETY: a field of the owned IRP.
        NtStatus::from_raw(unsafe { *field })
    }

    /// The end of `IRP_MN_REMOVE_DEVICE`: waits until no other IRP holds the device, passes this
    /// one down, detaches and deletes the device object (INV-63, TR-70). Before this, the driver
    /// must have let no more requests in and ended those it keeps, or the wait lasts for ever
    /// (TR-67).
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`; waits. Only for this minor function: of any other, the IRP is only
    /// passed down.
    pub fn remove_device<D: Device>(mut self, fdo: Fdo<'_, D>) -> Dispatched {
        if Minor::from(self.stack().minor_function()) != Minor::Remove {
            return self.pass_down();
        }
        self.set_status(NtStatus::SUCCESS);
        let irp = self.into_raw();
        let header = fdo.header();
        // SAFETY: pays for the reference that was held for this IRP, which removes the device.
        unsafe { header.remove_lock.release_and_wait(irp) };
        fdo.device().queues().release_slots();
        // SAFETY: owned until now; the device object stays until it is deleted below.
        let status = unsafe { call_lower(header, irp) };
        // SAFETY: the remove lock has been waited for.
        unsafe { fdo.delete() };
        Dispatched::with(status)
    }
}

/// `IoCopyCurrentIrpStackLocationToNext` and `IoSetCompletionRoutine`, for all outcomes.
///
/// # Safety
///
/// The caller owns `irp`, has a driver below, and waits for `finished`, which is initialized.
unsafe fn prepare_next(irp: NonNull<IRP>, finished: *mut KEVENT) {
    // SAFETY: by the caller.
    let current = unsafe { current_stack_location(irp.as_ptr()) };
    // SAFETY: the next stack location is the one before in memory; it exists because there is a
    // driver below.
    let next = unsafe { current.sub(1) };
    // SAFETY: both are the IRP's. What comes before the completion routine is what is copied.
    unsafe {
        next.cast::<u8>().copy_from_nonoverlapping(
            current.cast(),
            offset_of!(IO_STACK_LOCATION, CompletionRoutine),
        );
    }
    let routine: PIO_COMPLETION_ROUTINE = Some(forwarded_irp_finished);
    // SAFETY: the next stack location is the caller's to fill in.
    unsafe { (*next).CompletionRoutine = routine };
    // SAFETY: as above.
    unsafe { (*next).Context = finished.cast() };
    // SAFETY: as above.
    unsafe {
        (*next).Control = INVOKE_ALWAYS;
    }
}

/// Gives the IRP back to [`Irp::forward_and_wait`].
///
/// # Context
///
/// IRQL <= `DISPATCH_LEVEL`.
///
/// # Safety
///
/// Called by `IoCompleteRequest`, with the event that was given to [`prepare_next`].
unsafe extern "C" fn forwarded_irp_finished(
    _device: PDEVICE_OBJECT,
    irp: PIRP,
    context: PVOID,
) -> NTSTATUS {
    // SAFETY: by the caller. If nothing below pended the IRP, nobody waits.
    if unsafe { (*irp).PendingReturned } != 0 {
        // SAFETY: by the caller.
        unsafe { event::set(context.cast()) };
    }
    STATUS_MORE_PROCESSING_REQUIRED
}
