//! Sending an IRP to the driver below.
//!
//! See "Passing IRPs down the Driver Stack":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/passing-irps-down-the-driver-stack>.

// UNSAFETY: fills in stack locations, and is called back by the I/O manager.
#![expect(unsafe_code, reason = "gives IRPs away, and is given them back")]

use core::mem::{ManuallyDrop, offset_of};
use core::ptr::{NonNull, null_mut};

use crate::call::Call;
use crate::device::Device;
use crate::device_object::Header;
use crate::event;
use crate::irp::{Dispatched, Irp, mark_pending};
use crate::stack_location::{current_stack_location, device_object};
use crate::state::{Dispatching, Kind, Received, Returned};
use crate::status::NtStatus;
use crate::sys::{
    CCHAR, INVOKE_ALWAYS, IO_STACK_LOCATION, IRP, IofCallDriver, KEVENT, NTSTATUS, PDEVICE_OBJECT,
    PIO_COMPLETION_ROUTINE, PIRP, PVOID, STATUS_CONTINUE_COMPLETION,
    STATUS_MORE_PROCESSING_REQUIRED, STATUS_PENDING, current_stack_location_field, io_status,
};

/// A device that looks at what the drivers below it have answered to requests of a kind.
pub trait Watch<K: Kind>: Device {
    /// The drivers below have completed an IRP that was
    /// [passed down to be watched](Irp::pass_down_watched).
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`, in any thread. A lock may be held, so there is no `Call`.
    fn returned(irp: &Irp<Self, Returned<K>>);
}

impl<D, S: Dispatching> Irp<D, S> {
    /// Gives the IRP to the next lower driver, which ends it: `IoSkipCurrentIrpStackLocation` and
    /// `IoCallDriver`.
    pub fn pass_down(self, _call: &mut Call) -> Dispatched {
        let this = self.fdo().object();
        // SAFETY: the IRP's, so alive and of this crate's making.
        let header = unsafe { Header::of_device(this) };
        let (lower, raw) = (self.fdo().header().lower(), self.into_raw());
        // SAFETY: owned until now. A reference keeps this device, and so the one below.
        let status = unsafe { call_lower(lower, raw) };
        if S::HAS_REFERENCE {
            // SAFETY: taken for this IRP, which needs it no more: from here on nothing of the device is used.
            unsafe { Header::release(header, raw) };
        }
        Dispatched::returned(status)
    }
}

impl<D, K: Kind> Irp<D, K> {
    /// Gives the IRP to the next lower driver, and has [`Watch::returned`] called when the drivers below have
    /// completed it: `IoCopyCurrentIrpStackLocationToNext` and `IoSetCompletionRoutine`.
    pub fn pass_down_watched(self, _call: &mut Call) -> Dispatched
    where
        D: Watch<K>,
    {
        let (lower, raw) = (self.fdo().header().lower(), self.into_raw());
        // SAFETY: owned until now, and there is a driver below.
        unsafe { prepare_next(raw, Some(returned::<D, K>), null_mut()) };
        // SAFETY: the IRP's reference keeps this device, and so the one below.
        Dispatched::returned(unsafe { IofCallDriver(lower, raw.as_ptr()) })
    }
}

impl<D, K: Kind> Irp<D, Returned<K>> {
    /// With what the drivers below have completed it.
    pub fn status(&self) -> NtStatus {
        // SAFETY: owned while borrowed, by the type invariant.
        let field = unsafe { io_status(self.as_raw().as_ptr()) };
        // SAFETY: a field of the owned IRP.
        NtStatus::from_raw(unsafe { *field })
    }

    /// `IoStatus.Information`: for most requests, how many bytes were read, written or answered.
    #[must_use]
    pub fn information(&self) -> u64 {
        // SAFETY: owned while borrowed, by the type invariant.
        unsafe { (*self.as_raw().as_ptr()).IoStatus.Information }
    }
}

/// Shows the device what comes back, and releases the reference for the IRP.
///
/// # Context
///
/// IRQL <= `DISPATCH_LEVEL`, in any thread. The IRP is this driver's during the call.
///
/// # Safety
///
/// Called by `IoCompleteRequest`, for an IRP that was [passed down](Irp::pass_down_watched).
unsafe extern "C" fn returned<D: Watch<K>, K: Kind>(
    _device: PDEVICE_OBJECT,
    irp: PIRP,
    _context: PVOID,
) -> NTSTATUS {
    // SAFETY: the I/O manager passes no null pointer.
    let raw = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: this driver's during the call, with its reference, and not ended by it.
    let irp = ManuallyDrop::new(unsafe { Irp::<D, Returned<K>>::from_raw(raw) });
    D::returned(&irp);
    // SAFETY: this driver's during the call.
    if unsafe { (*raw.as_ptr()).PendingReturned } != 0 {
        // SAFETY: at this driver's completion routine, which returns STATUS_CONTINUE_COMPLETION.
        unsafe { mark_pending(raw) };
    }
    // SAFETY: at this driver's completion routine, so at its stack location.
    let device = unsafe { device_object(raw) };
    // SAFETY: the IRP's reference keeps it.
    let header = unsafe { Header::of_device(device) };
    // SAFETY: the IRP's, which goes on to the drivers above.
    unsafe { Header::release(header, raw) };
    STATUS_CONTINUE_COMPLETION
}

/// `IoSkipCurrentIrpStackLocation` and `IoCallDriver`.
///
/// # Safety
///
/// The caller owns `irp`, is attached to `lower`, and gives up the IRP.
pub(crate) unsafe fn call_lower(lower: PDEVICE_OBJECT, irp: NonNull<IRP>) -> NTSTATUS {
    // SAFETY: the caller owns the IRP.
    let stack = unsafe { current_stack_location(irp.as_ptr()) };
    // SAFETY: the location above it in memory is the caller's, or one past the end.
    let skipped = unsafe { stack.add(1) };
    // SAFETY: owned. The driver has set no completion routine in its location (TR-73).
    unsafe { set_current_stack_location(irp.as_ptr(), skipped, 1) };
    // SAFETY: the device below stays while this one is attached to it.
    unsafe { IofCallDriver(lower, irp.as_ptr()) }
}

/// # Safety
///
/// The caller owns `irp`, and `location` is `step` locations away from its current one.
unsafe fn set_current_stack_location(irp: PIRP, location: *mut IO_STACK_LOCATION, step: CCHAR) {
    // SAFETY: the caller owns the IRP.
    let field = unsafe { current_stack_location_field(irp) };
    // SAFETY: a field of it.
    unsafe { *field = location };
    // SAFETY: owned. The count stays between 1 and the stack count plus 1.
    unsafe { (*irp).CurrentLocation += step };
}

/// Sends an IRP down and waits until the drivers below have finished with it. The IRP is this driver's again
/// afterwards, and still to be ended. Returns the status below.
///
/// # Context
///
/// IRQL `PASSIVE_LEVEL`; waits.
pub(crate) fn forward_and_wait<D>(irp: &mut Irp<D, Received>, _call: &mut Call) -> NtStatus {
    let lower = irp.fdo().header().lower();
    let irp = irp.as_raw();
    let mut finished = KEVENT::default();
    let finished = &raw mut finished;
    // SAFETY: on this stack, which stays until the wait below is over.
    unsafe { event::initialize(finished) };
    // SAFETY: owned, and attached to a device below; waited for below.
    unsafe { prepare_next(irp, Some(forwarded_irp_finished), finished.cast()) };
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

/// `IoCopyCurrentIrpStackLocationToNext` and `IoSetCompletionRoutine`, for all outcomes.
///
/// # Safety
///
/// The caller owns `irp`, has a driver below, and sends the IRP there next. `routine` fits `context`.
unsafe fn prepare_next(irp: NonNull<IRP>, routine: PIO_COMPLETION_ROUTINE, context: PVOID) {
    // SAFETY: the caller owns the IRP.
    let current = unsafe { current_stack_location(irp.as_ptr()) };
    // SAFETY: the next stack location is the one before in memory; it exists because there is a driver
    // below.
    let next = unsafe { current.sub(1) };
    let (from, to) = (current.cast::<u8>(), next.cast::<u8>());
    // SAFETY: both are the IRP's. What comes before the completion routine is what is copied.
    unsafe { to.copy_from_nonoverlapping(from, offset_of!(IO_STACK_LOCATION, CompletionRoutine)) };
    // SAFETY: the next stack location is the caller's to fill in.
    unsafe { (*next).CompletionRoutine = routine };
    // SAFETY: another field of it.
    unsafe { (*next).Context = context };
    // SAFETY: another field of it.
    unsafe { (*next).Control = INVOKE_ALWAYS };
}

/// Gives the IRP back to [`forward_and_wait`].
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
    // SAFETY: the IRP is at this driver during the call. If nothing below pended it, nobody waits.
    if unsafe { (*irp).PendingReturned } != 0 {
        // SAFETY: `forward_and_wait` waits until it is set.
        unsafe { event::set(context.cast()) };
    }
    STATUS_MORE_PROCESSING_REQUIRED
}
