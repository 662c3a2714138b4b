//! The end of an IRP's time: `IoCsqRemoveIrp`.

// UNSAFETY: a deferred procedure call.
#![expect(unsafe_code, reason = "is called by the kernel with raw pointers")]

use core::pin::Pin;
use core::ptr::NonNull;

use super::clock::Clock;
use super::domain::Domain;
use super::queue::{Discipline, Queue, removed};
use super::slots::{Slot, Timer};
use crate::call::Call;
use crate::sys::{IO_CSQ_IRP_CONTEXT, IoCsqRemoveIrp, KDPC, PKDEFERRED_ROUTINE, PVOID};

/// The slot of an IRP in a queue with this discipline.
type SlotOf<Q> = Slot<<<Q as Discipline>::Domain as Domain>::Request>;

/// Starts the timer of an IRP that is about to be inserted into `queue`. Returns the context to insert it
/// with.
///
/// # Safety
///
/// The queue is registered, and the slot taken for that IRP.
pub(super) unsafe fn start<Q: Discipline>(
    queue: &Queue<Q>,
    slot: &SlotOf<Q>,
    milliseconds: u32,
) -> *mut IO_CSQ_IRP_CONTEXT {
    // SAFETY: registered.
    let clock = unsafe { queue.lock() }.clock_of(slot);
    slot.timer.set(Timer::Set);
    clock.slot.set((&raw const *slot).cast_mut().cast());
    clock.queue.set((&raw const *queue).cast_mut().cast());
    let routine: PKDEFERRED_ROUTINE = Some(expired::<Q>);
    // SAFETY: the slot was free, so the timer is not set and its routine is over (INV-36, TR-44).
    unsafe { Clock::start(NonNull::from(clock), milliseconds, routine) };
    clock.context()
}

/// Has the discipline record that an IRP's time is over, and removes the IRP.
///
/// # Context
///
/// `DISPATCH_LEVEL`, in any thread. The slot, and with it the clock, stays until the end of this; removal of
/// the device waits for this routine.
///
/// # Safety
///
/// Called only by the kernel, with a clock that was [started](start) for this discipline.
unsafe extern "C" fn expired<Q: Discipline>(
    _dpc: *mut KDPC,
    context: PVOID,
    _first: PVOID,
    _second: PVOID,
) {
    // SAFETY: the clock that the routine was given with.
    let clock = unsafe { &*context.cast::<Clock>() };
    // SAFETY: set by `start`.
    let slot = unsafe { &*clock.slot.get().cast::<SlotOf<Q>>() };
    // SAFETY: set by `start`, to the queue that the IRP is inserted into.
    let queue = unsafe { &*clock.queue.get().cast::<Queue<Q>>() };
    // SAFETY: registered.
    let lock = unsafe { queue.lock() };
    // SAFETY: a lock that is used is pinned.
    let lock = unsafe { Pin::new_unchecked(lock) };
    // SAFETY: a deferred procedure call begins with no lock held.
    let mut call = unsafe { Call::at_dispatch_level() };
    let is_linked = lock.hold(&mut call, |held| {
        let irp = held.entry_in(slot);
        if slot.timer.get() == Timer::Set {
            Q::expired(held, &slot.request, irp);
        }
        irp.is_some()
    });
    if is_linked {
        // SAFETY: registered. The context was given to the insertion, and is not used again before this
        // routine ends. If the IRP is being canceled or is gone, nothing is touched (INV-35, TR-41).
        let irp = unsafe { IoCsqRemoveIrp(queue.as_csq(), clock.context()) };
        if let Some(irp) = NonNull::new(irp) {
            // SAFETY: the queue has given it up.
            let (irp, note) = unsafe { removed::<Q>(irp) };
            Q::canceled(irp, Some(note));
        }
    }
    lock.hold(&mut call, |held| {
        if slot.timer.get() == Timer::Left {
            held.slots().free(slot);
        } else {
            slot.timer.set(Timer::Idle);
        }
    });
}
