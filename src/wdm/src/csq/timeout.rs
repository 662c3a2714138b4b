//! The end of a request's time.

// UNSAFETY: called by the kernel with a raw pointer.
#![expect(unsafe_code, reason = "a deferred procedure call")]

use core::ptr::NonNull;

use super::account::Ending;
use super::slot::{Place, Slot};
use crate::irp::{Dequeued, Irp};
use crate::sys::{IoCsqRemoveIrp, KDPC, PKDEFERRED_ROUTINE, PVOID};

const _: PKDEFERRED_ROUTINE = Some(request_timed_out);

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
        // SAFETY: registered. The context is not used for another IRP before this returns, because
        // the timer keeps the slot (INV-36). If the request is being canceled, or somebody else
        // has removed it, that is no failure: nothing is touched then (INV-35, TR-41).
        let irp = unsafe { IoCsqRemoveIrp(queue.as_csq(), slot.context()) };
        if let Some(irp) = NonNull::new(irp) {
            // SAFETY: the queue owned the IRP, with its remove-lock reference, and has given it up.
            unsafe { Irp::<Dequeued>::from_raw(irp) }.end();
        }
    }
    slot.leave(1);
}
