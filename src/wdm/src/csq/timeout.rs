//! A request's time, and the end of it.

// UNSAFETY: called by the kernel with a raw pointer.
#![expect(unsafe_code, reason = "a deferred procedure call")]

use core::cell::UnsafeCell;
use core::ptr::NonNull;

use super::account::Ending;
use super::slot::{Place, Slot};
use super::timer::Timer;
use crate::irp::{Dequeued, Irp};
use crate::pool::Zeroable;
use crate::sys::{IO_CSQ_IRP_CONTEXT, IoCsqRemoveIrp, KDPC, PKDEFERRED_ROUTINE, PVOID};

const _: PKDEFERRED_ROUTINE = Some(request_timed_out);

/// The part of a slot that only requests with a timer need.
pub(super) struct Timing {
    /// By which `IoCsqRemoveIrp` finds the IRP. The library's while that is in a queue.
    context: UnsafeCell<IO_CSQ_IRP_CONTEXT>,
    timer: Timer,
}

// SAFETY: only the owner of a slot's IRP and the slot's timer use this, one after the other.
unsafe impl Send for Timing {}
// SAFETY: as above.
unsafe impl Sync for Timing {}

// SAFETY: zeros are null pointers, numbers, and structures of the kernel that are all of these.
unsafe impl Zeroable for Timing {}

impl Timing {
    /// Starts the time of the request in `slot`.
    ///
    /// # Safety
    ///
    /// This is the part of `slot`, which the caller has just occupied and shares with the timer.
    pub(super) unsafe fn start(&self, slot: &Slot, milliseconds: u32) {
        let context = (&raw const *slot).cast_mut().cast();
        // SAFETY: a free slot's timer is not set and its routine is over, by the type invariant of
        // slots, which also says that the memory stays.
        unsafe {
            self.timer
                .set(milliseconds, Some(request_timed_out), context);
        };
    }

    /// Ends the time. Returns whether that came before its end.
    ///
    /// # Safety
    ///
    /// It has been started.
    pub(super) unsafe fn stop(&self) -> bool {
        // SAFETY: by the caller.
        unsafe { self.timer.cancel() }
    }

    /// The context, empty: a refused insertion may have left it half used.
    ///
    /// # Safety
    ///
    /// The request is in no queue.
    pub(super) unsafe fn clean_context(&self) -> *mut IO_CSQ_IRP_CONTEXT {
        // SAFETY: not in use, by the caller (INV-36).
        unsafe { *self.context.get() = IO_CSQ_IRP_CONTEXT::default() };
        self.context.get()
    }
}

/// Decides that the request has timed out, unless its fate is decided already, and ends it where it
/// is: `IoCsqRemoveIrp`. A request that is not in a queue yet, or between two, is ended by whoever
/// has it.
///
/// # Context
///
/// IRQL `DISPATCH_LEVEL`, no lock held. The timer keeps the slot; the IRP may be anybody's, or
/// gone.
///
/// # Safety
///
/// Called only by the kernel, for a timer that was set with its slot as the context.
pub(super) unsafe extern "C" fn request_timed_out(
    _dpc: *mut KDPC,
    context: PVOID,
    _argument1: PVOID,
    _argument2: PVOID,
) {
    // SAFETY: by the caller. Removal waits until this has returned before it frees the slots.
    let slot = unsafe { &*context.cast::<Slot>() };
    // SAFETY: a slot with a timer has been initialized.
    let queues = unsafe { slot.queues() };
    let queue = {
        let account = queues.lock();
        let place = slot.place.get(&account.held);
        let first = slot.fate.get(&account.held).is_none();
        if first {
            slot.fate.set(&account.held, Some(Ending::TimedOut));
        }
        // Where it is now it stays, because its fate is decided.
        match place {
            Place::Pending if first => Some(&queues.pending),
            Place::Claimed if first => Some(&queues.claimed),
            _ => None,
        }
    };
    if let Some(queue) = queue {
        // SAFETY: the timer uses the slot.
        let timing = unsafe { queues.slots.timing(slot) };
        // SAFETY: registered. The context is not used for another IRP before this returns, because
        // the timer keeps the slot (INV-36). If the request is being canceled, or somebody else
        // has removed it, that is no failure: nothing is touched then (INV-35, TR-41).
        let irp = unsafe { IoCsqRemoveIrp(queue.as_csq(), timing.context.get()) };
        if let Some(irp) = NonNull::new(irp) {
            // SAFETY: the queue owned the IRP, with its remove-lock reference, and has given it up.
            unsafe { Irp::<Dequeued>::from_raw(irp) }.end();
        }
    }
    // SAFETY: the timer is done.
    unsafe { queues.slots.leave(slot, 1) };
}
