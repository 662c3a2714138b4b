//! An IRP and who owns it.
//!
//! ```text
//!  I/O manager ──1──► Received, ──2──► completed       1 the dispatch routines of `dispatch`
//!                     Control                          2 Irp::complete, Irp<Received>::pass_down
//!                        │3                            3 RequestQueues::pend, wait
//!                        ▼
//!           ┌────────► Queued ───5──► completed        4 RequestQueues::take_oldest, take_claimed,
//!          8│      7│    │4                              take_waiting
//!           │       ▼    ▼                             5 the queue's cancel routine, also from
//!           └─── Moving  Dequeued ──6─► completed        within 3 and 8; its timer; the ways out
//!                                                        of `csq::ending`
//!                                                      6 Irp<Dequeued>::complete
//!                                                      7 RequestQueues::take_pending, take_awaited
//!                                                      8 Irp<Moving>::claim, give_back
//! ```
//!
//! There is no type for a queued IRP: it is the queue's, or already somebody else's, and nobody
//! may touch it (INV-11).

// UNSAFETY: reads and writes the kernel's IRPs.
#![expect(
    unsafe_code,
    reason = "reads and writes fields of IRPs and completes them"
)]

mod completion;

use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::buffer::SystemBuffer;
use crate::csq;
use crate::device_object::Header;
use crate::stack_location::{StackLocation, current_stack_location, device_object};
use crate::status::NtStatus;
use crate::sys::{
    CCHAR, IO_STACK_LOCATION, IRP, IofCallDriver, METHOD_BUFFERED, PIRP, io_status, system_buffer,
};

use self::completion::{complete, release_remove_lock, set_io_status};

pub use self::completion::Completion;
pub(crate) use self::completion::complete_unlocked;

/// The states an owned IRP can be in.
mod sealed {
    use core::ptr::NonNull;

    use crate::csq;
    use crate::status::NtStatus;
    use crate::sys::IRP;

    pub trait State {
        /// Gives back what is kept for an IRP in this state that is about to be completed with
        /// `status`.
        ///
        /// # Safety
        ///
        /// The caller owns `irp`, which is in this state, and goes on to complete it.
        unsafe fn release(irp: NonNull<IRP>, status: NtStatus);
    }

    impl State for super::Received {
        unsafe fn release(_irp: NonNull<IRP>, _status: NtStatus) {}
    }

    impl State for super::Control {
        unsafe fn release(_irp: NonNull<IRP>, _status: NtStatus) {}
    }

    impl State for super::Dequeued {
        unsafe fn release(irp: NonNull<IRP>, status: NtStatus) {
            // SAFETY: by the caller.
            unsafe { csq::release(irp, status) };
        }
    }

    impl State for super::Moving {
        unsafe fn release(irp: NonNull<IRP>, status: NtStatus) {
            // SAFETY: by the caller.
            unsafe { csq::abandon_moving(irp) };
            // SAFETY: by the caller; it is in no list any more.
            unsafe { csq::release(irp, status) };
        }
    }

    /// The states of an IRP whose dispatch call is running.
    pub trait Dispatching: State {}
    impl Dispatching for super::Received {}
    impl Dispatching for super::Control {}

    /// The states of a device control request with buffered I/O.
    pub trait Buffered: State {}
    impl Buffered for super::Control {}
    impl Buffered for super::Dequeued {}
    impl Buffered for super::Moving {}

    /// The states of an IRP that has been in a queue.
    pub trait Known: State {}
    impl Known for super::Dequeued {}
    impl Known for super::Moving {}
}

/// The IRP of the dispatch call that is running, which still owes the I/O manager a status.
pub enum Received {}

/// As [`Received`], a device control request with buffered I/O. Only such a one has a buffer, and may
/// be queued.
pub enum Control {}

/// Pended by an earlier dispatch call and handed back by a queue, to be completed.
pub enum Dequeued {}

/// Pended by an earlier dispatch call and on its way from one queue to another. It has to get there:
/// only the queues know how such a request may end.
pub enum Moving {}

/// An IRP that the driver owns alone: neither `Clone` nor `Copy`, and `Send` but not `Sync`.
///
/// # Invariants
///
/// Nobody else touches the IRP. A reference to the remove lock of the device it was sent to is
/// held for it (INV-62). Unless it is just [`Received`], it is a device control request with
/// buffered I/O.
#[must_use = "an IRP must be completed, queued or passed down"]
pub struct Irp<S: sealed::State> {
    raw: NonNull<IRP>,
    state: PhantomData<S>,
}

// SAFETY: any thread may complete an IRP, and this is its only owner.
unsafe impl<S: sealed::State> Send for Irp<S> {}

/// The proof that a dispatch routine has dealt with its IRP, with the status to return for it.
#[must_use = "return it: it is the status of the dispatch routine"]
pub struct Dispatched(NtStatus);

impl Dispatched {
    /// An IRP that a queue has taken (INV-10). Only for [`crate::csq`].
    pub(crate) const fn pended() -> Self {
        Self(NtStatus::PENDING)
    }

    /// The status that a driver below, or removal, has left. Only for this crate.
    pub(crate) const fn with(status: NtStatus) -> Self {
        Self(status)
    }

    /// The status to return to the I/O manager.
    pub(crate) const fn status(self) -> NtStatus {
        self.0
    }
}

impl<S: sealed::State> Irp<S> {
    /// # Safety
    ///
    /// The caller owns the IRP and gives it away, with the remove-lock reference that is held for
    /// it.
    pub(crate) const unsafe fn from_raw(raw: NonNull<IRP>) -> Self {
        // INVARIANT: by the caller.
        Self {
            raw,
            state: PhantomData,
        }
    }

    /// As [`from_raw`](Self::from_raw).
    ///
    /// # Safety
    ///
    /// As for [`from_raw`](Self::from_raw); so `raw` is not null.
    pub(crate) const unsafe fn from_pointer(raw: PIRP) -> Self {
        // SAFETY: by the caller.
        let raw = unsafe { NonNull::new_unchecked(raw) };
        // SAFETY: by the caller.
        unsafe { Self::from_raw(raw) }
    }

    /// Gives up ownership without ending the IRP.
    pub(crate) fn into_raw(self) -> NonNull<IRP> {
        let raw = self.raw;
        core::mem::forget(self);
        raw
    }

    pub(crate) const fn as_raw(&self) -> NonNull<IRP> {
        self.raw
    }

    /// What is asked for.
    #[must_use]
    pub fn stack(&self) -> StackLocation<'_> {
        // SAFETY: owned while borrowed, by the type invariant.
        unsafe { StackLocation::of(self.raw) }
    }

    fn finish(self, completion: Completion) {
        // SAFETY: owned until now, with its remove-lock reference, by the type invariant.
        unsafe { end::<S>(self.into_raw(), completion) };
    }
}

impl<S: sealed::Buffered> Irp<S> {
    /// The control code.
    #[must_use]
    pub fn code(&self) -> u32 {
        // SAFETY: a device control request, by the type invariant.
        unsafe { self.stack().device_control() }.code
    }

    /// Where the input is, and the answer goes.
    pub fn buffer(&mut self) -> SystemBuffer<'_> {
        self.stack_and_buffer().1
    }

    /// Both of what [`stack`](Self::stack) and [`buffer`](Self::buffer) give.
    pub fn stack_and_buffer(&mut self) -> (StackLocation<'_>, SystemBuffer<'_>) {
        // SAFETY: owned while borrowed, by the type invariant. The buffer is other memory.
        let stack = unsafe { StackLocation::of(self.raw) };
        // SAFETY: a device control request, by the type invariant.
        let lengths = unsafe { stack.device_control() };
        // SAFETY: owned, by the type invariant.
        let field = unsafe { system_buffer(self.raw.as_ptr()) };
        // SAFETY: a field of the owned IRP, and the one of its union that buffered I/O uses.
        let start = unsafe { *field };
        // SAFETY: pointer and lengths are this IRP's, which is borrowed for as long.
        let buffer = unsafe { SystemBuffer::new(start.cast(), lengths) };
        (stack, buffer)
    }
}

impl<S: sealed::Known> Irp<S> {
    /// The driver's name for the request, never an address.
    #[must_use]
    pub fn id(&self) -> u64 {
        // SAFETY: owned, and has been in a queue.
        unsafe { csq::id(self.raw) }
    }

    /// The caller's name for the request.
    #[must_use]
    pub fn tag(&self) -> u64 {
        // SAFETY: owned, and has been in a queue.
        unsafe { csq::tag(self.raw) }
    }
}

impl<S: sealed::Dispatching> Irp<S> {
    /// Ends the IRP.
    pub fn complete(self, with: impl Into<Completion>) -> Dispatched {
        let completion = with.into();
        self.finish(completion);
        // INV-72: what the dispatch routine returns is what the IRP ended with.
        Dispatched(completion.status())
    }
}

impl Irp<Received> {
    /// Looks closer at a device control request.
    ///
    /// # Errors
    ///
    /// The IRP comes back if it has no buffered I/O (TR-107).
    ///
    /// # Safety
    ///
    /// The dispatch routine for `IRP_MJ_DEVICE_CONTROL` was called with it.
    pub(crate) unsafe fn into_control(self) -> Result<Irp<Control>, Self> {
        // SAFETY: by the caller.
        let code = unsafe { self.stack().device_control() }.code;
        if code & 3 == METHOD_BUFFERED {
            // INVARIANT: by the caller, and just seen.
            // SAFETY: given up here.
            Ok(unsafe { Irp::from_raw(self.into_raw()) })
        } else {
            Err(self)
        }
    }

    /// Sets the status that a Plug and Play IRP carries down the stack.
    pub fn set_status(&mut self, status: NtStatus) {
        // SAFETY: owned, by the type invariant.
        let field = unsafe { io_status(self.raw.as_ptr()) };
        // SAFETY: a field of the owned IRP.
        unsafe { *field = status.as_raw() };
    }

    /// Gives the IRP to the next lower driver, which ends it: `IoSkipCurrentIrpStackLocation` and
    /// `IoCallDriver`.
    pub fn pass_down(self) -> Dispatched {
        let irp = self.into_raw();
        // SAFETY: owned until now, by the type invariant.
        let header = unsafe { Header::of_irp(irp) };
        // SAFETY: the remove-lock reference keeps the device extension alive.
        let live = unsafe { header.as_ref() };
        // SAFETY: owned until now, and sent to this device.
        let status = unsafe { call_lower(live, irp) };
        // SAFETY: pays for the reference that was held for this IRP.
        unsafe { release_remove_lock(header, irp) };
        Dispatched(status)
    }
}

impl Irp<Dequeued> {
    /// Ends the IRP. The dispatch routine has long returned `STATUS_PENDING` for it.
    pub fn complete(self, with: impl Into<Completion>) {
        self.finish(with.into());
    }

    /// Ends the IRP with the status that goes with what it was taken out for.
    pub(crate) fn end(self) {
        // SAFETY: owned, and has been in a queue.
        let status = unsafe { csq::status(self.raw) };
        self.complete(status);
    }
}

impl<S: sealed::State> Drop for Irp<S> {
    /// An IRP that is dropped would hang its process for ever, so it is ended with a status that
    /// says whose fault it is. The other methods never let it come to this.
    fn drop(&mut self) {
        // SAFETY: owned, with its remove-lock reference, by the type invariant; not used again.
        unsafe { end::<S>(self.raw, NtStatus::DRIVER_INTERNAL_ERROR.into()) };
    }
}

/// Completes an IRP and gives back what is kept for it. Every way out of the driver ends here, in
/// one copy for each state.
///
/// # Safety
///
/// The caller owns `irp`, which is in this state, with its remove-lock reference, and gives up both.
///
/// # Context
///
/// IRQL <= `DISPATCH_LEVEL`.
#[inline(never)]
unsafe fn end<S: sealed::State>(irp: NonNull<IRP>, completion: Completion) {
    // SAFETY: by the caller.
    unsafe { set_io_status(irp, completion) };
    // SAFETY: by the caller; completed below.
    unsafe { S::release(irp, completion.status()) };
    // SAFETY: by the caller, with its status set.
    unsafe { complete(irp) };
}

/// `IoSkipCurrentIrpStackLocation` and `IoCallDriver`.
///
/// # Safety
///
/// The caller owns `irp`, which was sent to the device of `header`, and gives it up.
pub(crate) unsafe fn call_lower(header: &Header, irp: NonNull<IRP>) -> NtStatus {
    // SAFETY: by the caller.
    let stack = unsafe { current_stack_location(irp.as_ptr()) };
    // SAFETY: the location above it in memory is the caller's, or one past the end.
    let skipped = unsafe { stack.add(1) };
    // SAFETY: the caller's IRP. The driver has set no completion routine in it (TR-73).
    unsafe { set_current_stack_location(irp, skipped, 1) };
    // SAFETY: the lower device stays until this driver has detached from it.
    NtStatus::from_raw(unsafe { IofCallDriver(header.lower(), irp.as_ptr()) })
}

/// Moves the current stack location by `step`, to `location`.
///
/// # Safety
///
/// The caller owns `irp`, and `location` is `step` locations away from its current one.
unsafe fn set_current_stack_location(
    irp: NonNull<IRP>,
    location: *mut IO_STACK_LOCATION,
    step: CCHAR,
) {
    // SAFETY: by the caller.
    let field = unsafe { crate::sys::current_stack_location_field(irp.as_ptr()) };
    // SAFETY: a field of the caller's IRP.
    unsafe { *field = location };
    // SAFETY: the caller's IRP. The count stays between 1 and the stack count plus 1.
    unsafe { (*irp.as_ptr()).CurrentLocation += step };
}

impl Header {
    /// The header of the extension of the device that `irp` was sent to.
    ///
    /// # Safety
    ///
    /// The caller owns `irp`, and its device is of this crate's making.
    pub(crate) unsafe fn of_irp(irp: NonNull<IRP>) -> NonNull<Self> {
        // SAFETY: by the caller.
        let device = unsafe { device_object(irp) };
        // SAFETY: an IRP is only ever sent to a live device, by the caller one of this crate's.
        unsafe { Self::of_device(device) }
    }
}
