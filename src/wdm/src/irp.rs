//! An IRP and who owns it.
//!
//! ```text
//!  I/O manager ──1──► Received, ──2──► completed, passed down     1 the dispatch routines of `dispatch`
//!                     Control...                                  2 Irp::complete, Irp::pass_down
//!                        │3                                       3 Irp::insert
//!                        ▼                                        4 Queue::remove
//!                    (queued) ──5──► Dequeued ──6──► completed    5 the cancel routine, a timer
//!                        │4                                       6 Discipline::canceled
//!                        ▼
//!                     Dequeued ──7──► completed                   7 Irp::complete
//! ```
//!
//! There is no type for a queued IRP: it is the queue's, or already somebody else's, and nobody may touch
//! it (INV-11).

// UNSAFETY: reads and writes the kernel's IRPs.
#![expect(
    unsafe_code,
    reason = "reads and writes fields of IRPs, completes them and sends them on"
)]

use core::marker::PhantomData;
use core::pin::Pin;
use core::ptr::NonNull;

use crate::call::Call;
use crate::device_object::{Fdo, Header};
use crate::stack_location::{StackLocation, current_stack_location, device_object};
use crate::state::{Dequeued, Dispatching, Kind, Received, Refused, State};
use crate::status::NtStatus;
use crate::sys::{
    IRP, IofCompleteRequest, NO_INCREMENT, NTSTATUS, SL_PENDING, STATUS_PENDING, io_status,
};

/// An IRP that the driver owns alone, sent to a device whose state is a `D`.
///
/// # Invariants
///
/// Nobody else touches the IRP. A reference to the remove lock of its device is held for it (INV-62). It is what
/// its state says.
#[must_use = "an IRP must be completed, queued or passed down"]
pub struct Irp<D, S: State> {
    raw: NonNull<IRP>,
    of: PhantomData<(fn() -> D, S)>,
}

/// The proof that a dispatch routine has dealt with its IRP, with the status to return for it. Not `Send`:
/// it stays with the call it is of.
#[must_use = "return it: it is the status of the dispatch routine"]
pub struct Dispatched {
    status: NTSTATUS,
    /// The device is removed, and its remove lock with it.
    is_removed: bool,
    thread: PhantomData<*const ()>,
}

impl Dispatched {
    /// A queue has taken the IRP (INV-10).
    pub(crate) const fn pended() -> Self {
        Self::returned(STATUS_PENDING)
    }

    /// The IRP has ended with this status (INV-72), or a driver below has returned it.
    pub(crate) const fn returned(status: NTSTATUS) -> Self {
        Self {
            status,
            is_removed: false,
            thread: PhantomData,
        }
    }

    /// As [`returned`](Self::returned), at the end of `IRP_MN_REMOVE_DEVICE`.
    pub(crate) const fn removed(status: NTSTATUS) -> Self {
        Self {
            status,
            is_removed: true,
            thread: PhantomData,
        }
    }

    pub(crate) const fn is_removed(&self) -> bool {
        self.is_removed
    }

    /// What the dispatch routine returns.
    pub(crate) const fn status(self) -> NTSTATUS {
        self.status
    }
}

impl<D, S: State> Irp<D, S> {
    /// # Safety
    ///
    /// The caller owns the IRP, which is in this state and was sent to a device whose state is a `D`, and
    /// gives it away with its remove-lock reference.
    #[inline]
    pub(crate) const unsafe fn from_raw(raw: NonNull<IRP>) -> Self {
        // INVARIANT: by the caller.
        Self {
            raw,
            of: PhantomData,
        }
    }

    /// Gives up ownership without ending the IRP.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<IRP> {
        let raw = self.raw;
        core::mem::forget(self);
        raw
    }

    #[inline]
    pub(crate) const fn as_raw(&self) -> NonNull<IRP> {
        self.raw
    }

    /// What is asked for.
    #[must_use]
    #[inline]
    pub fn stack(&self) -> StackLocation<'_> {
        // SAFETY: owned while borrowed, by the type invariant.
        unsafe { StackLocation::of(self.raw) }
    }

    #[inline]
    pub(crate) fn fdo(&self) -> Fdo<'_, D> {
        // SAFETY: owned while borrowed, by the type invariant.
        let device = unsafe { device_object(self.raw) };
        // SAFETY: its state is a `D`; the IRP's remove-lock reference keeps it.
        unsafe { Fdo::of(device) }
    }

    /// The device it was sent to.
    #[must_use]
    #[inline]
    pub fn device(&self) -> Pin<&D> {
        self.fdo().device()
    }

    /// With what its device refuses new requests: `STATUS_DEVICE_REMOVED` if it is gone,
    /// `STATUS_DEVICE_NOT_READY` if it is not started, or may be about to go. `None` if they are welcome.
    #[must_use]
    #[inline]
    pub fn refusal(&self) -> Option<NtStatus> {
        self.fdo().header().lifecycle.refusal()
    }

    /// Notes how much was answered.
    #[inline]
    pub(crate) fn set_information(&mut self, bytes: usize) {
        // SAFETY: owned, by the type invariant.
        unsafe { (*self.raw.as_ptr()).IoStatus.Information = bytes as u64 };
    }

    /// Ends the IRP.
    #[inline]
    fn end(self, status: NtStatus) {
        // SAFETY: owned until now, with its reference if it goes with this state.
        unsafe { end(self.into_raw(), status, S::HAS_REFERENCE) };
    }
}

impl<D, S: Dispatching> Irp<D, S> {
    /// Ends the IRP with this status, and what was [answered](Irp::answer).
    #[inline]
    pub fn complete(self, _call: &mut Call, status: NtStatus) -> Dispatched {
        self.end(status);
        Dispatched::returned(status.as_raw())
    }
}

impl<D> Irp<D, Received> {
    /// Sets the status that a Plug and Play or power IRP carries down the stack.
    pub fn set_status(&mut self, status: NtStatus) {
        // SAFETY: owned, by the type invariant.
        let field = unsafe { io_status(self.raw.as_ptr()) };
        // SAFETY: a field of the owned IRP.
        unsafe { *field = status.as_raw() };
    }
}

impl<D, K: Kind> Irp<D, Refused<K>> {
    /// `IoMarkIrpPending`, for an IRP that `CsqInsertIrpEx` has refused. It is not documented whether the
    /// IRP is marked by then (TR-21): setting the mark again changes nothing, and an IRP that is marked may
    /// be completed at once, if the dispatch routine returns `STATUS_PENDING`.
    ///
    /// # Safety
    ///
    /// As for [`from_raw`](Self::from_raw).
    pub(crate) unsafe fn mark(raw: NonNull<IRP>) -> Self {
        // SAFETY: the caller owns it.
        unsafe { mark_pending(raw) };
        // SAFETY: owned by the caller, who gives it away, and marked now.
        unsafe { Self::from_raw(raw) }
    }

    /// Ends the IRP with this status, and what was answered (INV-17).
    pub fn complete(self, _call: &mut Call, status: NtStatus) -> Dispatched {
        self.end(status);
        Dispatched::pended()
    }
}

impl<D, K: Kind> Irp<D, Dequeued<'_, K>> {
    /// Ends the IRP with this status, and what was [answered](Irp::answer). Its dispatch routine has
    /// returned `STATUS_PENDING`.
    #[inline]
    pub fn complete(self, status: NtStatus) {
        self.end(status);
    }
}

impl<D, S: State> Drop for Irp<D, S> {
    /// An IRP that is dropped would hang its process for ever, so it ends with a status that says whose
    /// fault it is.
    fn drop(&mut self) {
        // SAFETY: owned, and not used again.
        unsafe { end(self.raw, NtStatus::DRIVER_INTERNAL_ERROR, S::HAS_REFERENCE) };
    }
}

/// `IoCompleteRequest`, and then the remove lock (INV-62, TR-65). Nothing of the IRP may be used afterwards,
/// and nothing of the device without a reference of one's own.
///
/// # Safety
///
/// The caller owns `irp`, and the reference if there is one to release, and gives up both.
///
/// # Context
///
/// IRQL <= `DISPATCH_LEVEL`.
#[inline(never)]
unsafe fn end(irp: NonNull<IRP>, status: NtStatus, has_reference: bool) {
    // SAFETY: the caller owns the IRP.
    let device = unsafe { device_object(irp) };
    // SAFETY: a live device of this crate's making: the IRP was sent to it.
    let header = unsafe { Header::of_device(device) };
    // SAFETY: the caller owns the IRP.
    unsafe { complete_request(irp, status) };
    if has_reference {
        // SAFETY: taken for this IRP, and given up by the caller.
        unsafe { Header::release(header, irp) };
    }
}

/// `IoCompleteRequest`. What was answered is in `IoStatus.Information` already.
///
/// # Safety
///
/// The caller owns `irp` and gives it up.
pub(crate) unsafe fn complete_request(irp: NonNull<IRP>, status: NtStatus) {
    // SAFETY: the caller owns the IRP.
    let field = unsafe { io_status(irp.as_ptr()) };
    // SAFETY: a field of it.
    unsafe { *field = status.as_raw() };
    // SAFETY: given up by the caller. It has no cancel routine: it was never queued, or has been removed
    // (INV-53).
    unsafe { IofCompleteRequest(irp.as_ptr(), NO_INCREMENT) };
}

/// Completes an IRP that has answered nothing.
///
/// # Safety
///
/// The caller owns `irp` and gives it up.
pub(crate) unsafe fn complete_empty(irp: NonNull<IRP>, status: NtStatus) {
    // SAFETY: the caller owns the IRP.
    unsafe { clear_information(irp) };
    // SAFETY: given up by the caller.
    unsafe { complete_request(irp, status) };
}

/// `IoMarkIrpPending`.
///
/// # Safety
///
/// The caller owns `irp`, or it is at this driver's completion routine.
pub(crate) unsafe fn mark_pending(irp: NonNull<IRP>) {
    // SAFETY: owned, or at this driver's completion routine: at a stack location of its own.
    let stack = unsafe { current_stack_location(irp.as_ptr()) };
    // SAFETY: the driver's own stack location.
    unsafe { (*stack).Control |= SL_PENDING };
}

/// Nothing has been answered yet: what the field had before is not this driver's (TR-14).
///
/// # Safety
///
/// The caller owns `irp`.
#[inline]
pub(crate) unsafe fn clear_information(irp: NonNull<IRP>) {
    // SAFETY: the caller owns the IRP.
    unsafe { (*irp.as_ptr()).IoStatus.Information = 0 };
}
