//! The callbacks that `IoCsqInitialize` and `IoCsqInitializeEx` register. They are called by the
//! `IoCsq*` routines and by the cancel routine those install, and by nobody else.
//!
//! | callback | of the queue | lock held | may run |
//! |---|---|---|---|
//! | [`csq_acquire_lock`], [`csq_release_lock`] | all three | they take and give it | any time |
//! | [`csq_insert_irp`] | pending | yes | between the two above |
//! | [`csq_insert_irp_ex`] | claimed | yes | the same |
//! | [`csq_insert_claim`] | waiting | yes | the same |
//! | [`csq_remove_irp`] | pending | yes | the same |
//! | [`csq_remove_claimed`] | claimed | yes | the same |
//! | [`csq_remove_claim`] | waiting | yes | the same |
//! | [`csq_peek_next_irp`] | all three | yes | the same |
//! | [`csq_complete_canceled_irp`] | all three | perhaps | with or without the IRP ever having been linked |

// UNSAFETY: the kernel calls these with raw pointers.
#![expect(unsafe_code, reason = "callbacks from the kernel over intrusive lists")]

use core::pin::Pin;

use super::account::{Ending, Purpose};
use super::insertion::{Doomed, Insertion, Outcome};
use super::locked::{Locked, first_younger, handle_link};
use super::peek::PeekContext;
use super::slot::{Place, Slot};
use super::{Queue, RequestQueues};
use crate::file_context::FileContext;
use crate::irp::{Dequeued, Irp};
use crate::list;
use crate::spin_lock::SavedIrql;
use crate::status::NtStatus;
use crate::sys::{
    KIRQL, NTSTATUS, PIO_CSQ, PIO_CSQ_ACQUIRE_LOCK, PIO_CSQ_COMPLETE_CANCELED_IRP,
    PIO_CSQ_INSERT_IRP, PIO_CSQ_INSERT_IRP_EX, PIO_CSQ_PEEK_NEXT_IRP, PIO_CSQ_RELEASE_LOCK,
    PIO_CSQ_REMOVE_IRP, PIRP, PKIRQL, PVOID, queue_link,
};

// A drifted signature does not compile (TR-106).
const _: PIO_CSQ_INSERT_IRP = Some(csq_insert_irp);
const _: PIO_CSQ_INSERT_IRP = Some(csq_insert_claim);
const _: PIO_CSQ_INSERT_IRP_EX = Some(csq_insert_irp_ex);
const _: PIO_CSQ_REMOVE_IRP = Some(csq_remove_irp);
const _: PIO_CSQ_REMOVE_IRP = Some(csq_remove_claimed);
const _: PIO_CSQ_REMOVE_IRP = Some(csq_remove_claim);
const _: PIO_CSQ_PEEK_NEXT_IRP = Some(csq_peek_next_irp);
const _: PIO_CSQ_ACQUIRE_LOCK = Some(csq_acquire_lock);
const _: PIO_CSQ_RELEASE_LOCK = Some(csq_release_lock);
const _: PIO_CSQ_COMPLETE_CANCELED_IRP = Some(csq_complete_canceled_irp);

/// Links a new request in the pending queue, last, and last among its handle's (INV-15, INV-20). One
/// that comes back goes where it was before.
///
/// # Context
///
/// IRQL `DISPATCH_LEVEL`. Holds the lock, taken by [`csq_acquire_lock`]. The queue owns `irp` from
/// here on.
///
/// # Safety
///
/// Called only by `IoCsqInsertIrp`, with an IRP that [`RequestQueues::put`] gave it.
pub(super) unsafe extern "C" fn csq_insert_irp(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: by the caller.
    let (queues, _) = unsafe { queue_of(csq) };
    // SAFETY: the lock is held, by the caller.
    let mut account = unsafe { queues.locked() };
    // SAFETY: only IRPs with slots are inserted.
    let slot = unsafe { Slot::of(irp) };
    if !slot.is_new(&account.held) {
        // SAFETY: by the caller.
        return unsafe { insert_known(csq, irp) };
    }
    // SAFETY: the lock is held, and the IRP is in no list.
    let owner = unsafe { link(queues, &mut account, slot, irp) };
    // SAFETY: the IRP has just been linked.
    let insertion = unsafe { slot.finish_insertion() };
    // Its handle or its device may have begun to close since the IRP was on its way (TR-60).
    if !account.is_calm() || owner.closing.get(&account.held) {
        // SAFETY: the IRP has just been linked.
        unsafe { announce(csq, irp, insertion) };
    }
}

/// Links a request last and counts it. Returns its handle.
///
/// # Safety
///
/// The lock is held. The slot's IRP is the caller's, and in no list.
#[inline]
unsafe fn link<'irp>(
    queues: &RequestQueues,
    account: &mut Locked<'_>,
    slot: &'irp Slot,
    irp: PIRP,
) -> &'irp FileContext {
    // SAFETY: an IRP of the queue's.
    let link = unsafe { queue_link(irp) };
    // SAFETY: the lock is held, and the IRP is in no list.
    unsafe { list::insert_tail(queues.lists.pending.as_ptr(), link) };
    // SAFETY: the queue owns the IRP.
    let owner = unsafe { slot.tenant() }.owner;
    // SAFETY: the IRP keeps its handle's context.
    let owner = unsafe { &*owner };
    // SAFETY: an IRP of the queue's.
    let link = unsafe { handle_link(irp) };
    // SAFETY: the lock is held, and the IRP is in no list of a handle.
    unsafe { list::insert_tail(owner.requests(), link) };

    let number = account.count_arrival();
    slot.sequence.set(&account.held, number);
    slot.place.set(&account.held, Place::Pending);
    owner
}

/// The rest of [`csq_insert_irp`] for a request that is not quite new: its time is over before it
/// is linked for the first time, or it comes back from a server or on the way there, and is linked
/// where it was before.
///
/// # Safety
///
/// As for [`csq_insert_irp`].
#[cold]
#[inline(never)]
unsafe fn insert_known(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: by the caller.
    let (queues, _) = unsafe { queue_of(csq) };
    // SAFETY: the lock is held, by the caller, who is done with what it guards.
    let mut account = unsafe { queues.locked() };
    // SAFETY: only IRPs with slots are inserted.
    let slot = unsafe { Slot::of(irp) };
    if slot.place.get(&account.held) == Place::Vacant {
        // SAFETY: the lock is held, and the IRP is in no list.
        unsafe { link(queues, &mut account, slot, irp) };
    } else {
        // SAFETY: the lock is held.
        let before = unsafe { first_younger(&account, queues, slot) };
        // SAFETY: an IRP of the queue's.
        let link = unsafe { queue_link(irp) };
        // SAFETY: the lock is held. The IRP is in no queue; in its handle's list it has stayed.
        unsafe { list::insert_tail(before, link) };
        slot.place.set(&account.held, Place::Pending);
    }
    // SAFETY: the IRP has just been linked.
    let insertion = unsafe { slot.finish_insertion() };
    // SAFETY: as above.
    unsafe { announce(csq, irp, insertion) };
}

/// Tells the thread that inserts an IRP that it has to end it, because the fate of that is decided;
/// or to look for a request and a claim that go together. Enters the queues for that thread, which
/// may soon have nothing else to keep them.
///
/// # Safety
///
/// The caller is the callback that has just linked the IRP.
#[cold]
#[inline(never)]
unsafe fn announce<'queues>(csq: PIO_CSQ, irp: PIRP, insertion: *const Insertion<'queues>) {
    // SAFETY: by the caller. The visit below keeps the queues.
    let (queues, queue): (&'queues RequestQueues, &'queues Queue) = unsafe { queue_of(csq) };
    // SAFETY: the lock is held, by the caller, who is done with what it guards.
    let account = unsafe { queues.locked() };
    // SAFETY: registered queues are pinned.
    let Some(visit) = unsafe { Pin::new_unchecked(queues) }.visit() else {
        // It is open: removal closes it when it has waited for the IRP.
        return;
    };
    // SAFETY: only IRPs with slots are inserted.
    let slot = unsafe { Slot::of(irp) };
    // SAFETY: the queue owns the IRP.
    let tenant = unsafe { slot.tenant() };
    // SAFETY: the IRP keeps its handle's context.
    let outcome = if account.dooms(slot, unsafe { &*tenant.owner }) {
        Outcome::Doomed(Doomed {
            visit,
            queue,
            slot,
            id: tenant.id,
        })
    } else {
        Outcome::Awaited(visit)
    };
    // SAFETY: not null, and lives until `IoCsqInsertIrp` returns.
    unsafe { (*insertion).set(outcome) };
}

/// Links a request in the claimed queue, for the handle that `server` points to. Refuses one whose
/// fate is decided, and a server that is closing; nothing has changed then (INV-16, TR-20, TR-22).
///
/// # Context
///
/// As for [`csq_insert_irp`]; of a refused `irp` the caller stays the owner.
///
/// # Safety
///
/// Called only by `IoCsqInsertIrpEx`, with an IRP and a [`FileContext`] that
/// [`Irp<Moving>::claim`](Irp) gave it.
pub(super) unsafe extern "C" fn csq_insert_irp_ex(
    csq: PIO_CSQ,
    irp: PIRP,
    server: PVOID,
) -> NTSTATUS {
    // SAFETY: by the caller.
    let (queues, _) = unsafe { queue_of(csq) };
    // SAFETY: the lock is held, by the caller.
    let mut account = unsafe { queues.locked() };
    // SAFETY: by the caller, who keeps the handle until the call is over.
    let server = unsafe { &*server.cast::<FileContext>() };
    // SAFETY: only IRPs with slots are inserted.
    let slot = unsafe { Slot::of(irp) };
    // SAFETY: the caller owns the IRP.
    let owner = unsafe { slot.tenant() }.owner;
    // SAFETY: the IRP keeps its handle's context.
    if account.dooms(slot, unsafe { &*owner }) {
        // SAFETY: the caller's, with its remove-lock reference, and given back.
        let outcome = Outcome::Over(unsafe { Irp::from_pointer(irp) });
        // SAFETY: this is the callback, and does not link the IRP.
        return unsafe { slot.refuse(outcome, NtStatus::CANCELLED) };
    }
    if server.closing.get(&account.held) {
        // SAFETY: as above.
        let outcome = Outcome::Closed(unsafe { Irp::from_pointer(irp) });
        // SAFETY: as above.
        return unsafe { slot.refuse(outcome, NtStatus::FILE_CLOSED) };
    }
    // SAFETY: the IRP is the queue's from here on.
    let link = unsafe { queue_link(irp) };
    // SAFETY: the lock is held, and the IRP is in no queue.
    unsafe { list::insert_tail(queues.lists.claimed.as_ptr(), link) };
    // SAFETY: the slot is the IRP's.
    let serving = unsafe { queues.slots.serving(slot) };
    // SAFETY: the lock is held. Cleanup of the server's handle takes the request out again.
    unsafe { list::insert_tail(server.served(), serving.link()) };
    serving.begin(&account.held, server);
    slot.place.set(&account.held, Place::Claimed);
    account.count_claim();
    // SAFETY: the IRP has just been linked.
    unsafe { slot.finish_insertion() };
    NtStatus::SUCCESS.as_raw()
}

/// Links a claim in the waiting queue, last, and last among its handle's.
///
/// # Context
///
/// As for [`csq_insert_irp`].
///
/// # Safety
///
/// Called only by `IoCsqInsertIrp`, with an IRP that [`RequestQueues::put`] gave it.
pub(super) unsafe extern "C" fn csq_insert_claim(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: by the caller.
    let (queues, _) = unsafe { queue_of(csq) };
    // SAFETY: the lock is held, by the caller.
    let mut account = unsafe { queues.locked() };
    // SAFETY: only IRPs with slots are inserted.
    let slot = unsafe { Slot::of(irp) };
    // SAFETY: an IRP of the queue's.
    let link = unsafe { queue_link(irp) };
    // SAFETY: the lock is held, and the IRP is in no list.
    unsafe { list::insert_tail(queues.lists.waiting.as_ptr(), link) };
    // SAFETY: the queue owns the IRP.
    let owner = unsafe { slot.tenant() }.owner;
    // SAFETY: the IRP keeps its handle's context.
    let claims = unsafe { &*owner }.claims();
    // SAFETY: an IRP of the queue's.
    let link = unsafe { handle_link(irp) };
    // SAFETY: the lock is held, and the IRP is in no list of a handle.
    unsafe { list::insert_tail(claims, link) };

    let number = account.count_waiting();
    slot.sequence.set(&account.held, number);
    slot.place.set(&account.held, Place::Waiting);
    // SAFETY: the IRP has just been linked.
    let insertion = unsafe { slot.finish_insertion() };
    // A request may have come since the inserting thread looked for one.
    // SAFETY: as above.
    unsafe { announce(csq, irp, insertion) };
}

/// Unlinks a pending request and counts what it was removed for.
///
/// # Context
///
/// IRQL `DISPATCH_LEVEL`. Holds the lock. The caller owns `irp` from here on.
///
/// # Safety
///
/// Called only by the `IoCsq*` routines and their cancel routine, with an IRP that is linked in
/// this queue. As for the next two.
pub(super) unsafe extern "C" fn csq_remove_irp(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: by the caller.
    let (queues, _) = unsafe { queue_of(csq) };
    // SAFETY: the lock is held, by the caller.
    let mut account = unsafe { queues.locked() };
    // SAFETY: linked, and the lock is held, by the caller.
    unsafe { account.unlink_request(irp) };
}

/// Unlinks a claimed request and counts what it was removed for.
///
/// # Context
///
/// As for [`csq_remove_irp`].
///
/// # Safety
///
/// As for [`csq_remove_irp`].
pub(super) unsafe extern "C" fn csq_remove_claimed(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: by the caller.
    let (queues, _) = unsafe { queue_of(csq) };
    // SAFETY: the lock is held, by the caller.
    let mut account = unsafe { queues.locked() };
    // SAFETY: only IRPs with slots are linked.
    let slot = unsafe { Slot::of(irp) };
    account.count_unclaim();
    // SAFETY: the lock is held, and the slot not vacant.
    let serving = unsafe { queues.slots.serving(slot) };
    // SAFETY: the lock is held; linked by `csq_insert_irp_ex`, or with itself if the server is
    // closed.
    unsafe { list::remove(serving.link()) };
    // SAFETY: linked, and the lock is held, by the caller.
    unsafe { account.unlink_request(irp) };
}

/// Unlinks a waiting claim.
///
/// # Context
///
/// As for [`csq_remove_irp`].
///
/// # Safety
///
/// As for [`csq_remove_irp`].
pub(super) unsafe extern "C" fn csq_remove_claim(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: by the caller.
    let (queues, _) = unsafe { queue_of(csq) };
    // SAFETY: the lock is held, by the caller.
    let mut account = unsafe { queues.locked() };
    // SAFETY: an IRP of the queue's.
    let link = unsafe { queue_link(irp) };
    // SAFETY: the lock is held, and the IRP is linked.
    unsafe { list::remove(link) };
    // SAFETY: an IRP of the queue's.
    let link = unsafe { handle_link(irp) };
    // SAFETY: the lock is held; linked by `csq_insert_claim`.
    unsafe { list::remove(link) };

    account.count_waited();
    let ending = match account.purpose_of(irp) {
        Purpose::End(ending) => ending,
        // Nobody moves a claim.
        Purpose::Move => Ending::Canceled,
    };
    // SAFETY: only IRPs with slots are linked.
    let slot = unsafe { Slot::of(irp) };
    let ending = slot.fate.get(&account.held).unwrap_or(ending);
    slot.fate.set(&account.held, Some(ending));
    slot.place.set(&account.held, Place::Vacant);
}

/// Finds the first IRP that matches, or the first after `irp` (INV-30). Unlinks nothing.
///
/// # Context
///
/// IRQL `DISPATCH_LEVEL`. Holds the lock. What is returned stays the queue's.
///
/// # Safety
///
/// Called only by `IoCsqRemoveNextIrp`, with the [`PeekContext`] that [`RequestQueues::take`] gave
/// it and null or a linked IRP it was given before.
pub(super) unsafe extern "C" fn csq_peek_next_irp(csq: PIO_CSQ, irp: PIRP, context: PVOID) -> PIRP {
    // SAFETY: by the caller.
    let (queues, queue) = unsafe { queue_of(csq) };
    // SAFETY: the lock is held, by the caller.
    let mut account = unsafe { queues.locked() };
    // SAFETY: by the caller; it is alive until `take` returns, and nobody else's.
    let context = unsafe { &mut *context.cast::<PeekContext<'_>>() };
    account.purpose = context.purpose;
    // SAFETY: by the caller.
    let found = unsafe { queues.peek(&account, queue, irp, context) };
    account.peeked = found;
    found
}

/// Acquires the lock. The only place that does so for `IoCsq*`.
///
/// # Context
///
/// IRQL <= `DISPATCH_LEVEL`; `DISPATCH_LEVEL` afterwards.
///
/// # Safety
///
/// Called only by the `IoCsq*` routines and their cancel routine, with a place for the IRQL.
pub(super) unsafe extern "C" fn csq_acquire_lock(csq: PIO_CSQ, irql: PKIRQL) {
    // SAFETY: by the caller.
    let (queues, _) = unsafe { queue_of(csq) };
    let saved = queues.lock.acquire();
    // SAFETY: by the caller. The place is the caller's own (INV-40).
    unsafe { *irql = saved.0 };
}

/// Releases the lock.
///
/// # Context
///
/// IRQL `DISPATCH_LEVEL`; `irql` afterwards.
///
/// # Safety
///
/// Called only by the `IoCsq*` routines and their cancel routine, once for each
/// [`csq_acquire_lock`] and with what that stored.
pub(super) unsafe extern "C" fn csq_release_lock(csq: PIO_CSQ, irql: KIRQL) {
    // SAFETY: by the caller.
    let (queues, _) = unsafe { queue_of(csq) };
    // SAFETY: by the caller (INV-41).
    unsafe { queues.lock.release(SavedIrql(irql)) };
}

/// Ends an IRP that was canceled. Takes no lock, and its last act is the completion (INV-50,
/// INV-51). One that was canceled before it was linked is left to the thread that is inserting it
/// (INV-18), see [`super::insertion`].
///
/// # Context
///
/// IRQL <= `DISPATCH_LEVEL`. The lock may be held or not. The caller gives up `irp`, which may
/// never have been linked.
///
/// # Safety
///
/// Called only by the `IoCsqInsertIrp*` routines and by the cancel routine of `IoCsq*`, with an IRP
/// that [`RequestQueues`] gave it.
pub(super) unsafe extern "C" fn csq_complete_canceled_irp(_csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: only IRPs with slots are inserted, and the caller owns it.
    let slot = unsafe { Slot::of(irp) };
    // SAFETY: this is that callback, called with the slot's IRP.
    if let Some(insertion) = unsafe { slot.insertion() } {
        // SAFETY: given up by the caller, with its remove-lock reference.
        return insertion.set(Outcome::Over(unsafe { Irp::from_pointer(irp) }));
    }
    // SAFETY: given up by the caller, with the remove-lock reference that came with it; removed by
    // `csq_remove_irp`.
    unsafe { Irp::<Dequeued>::from_pointer(irp) }.end();
}

/// The queue that `csq` is the first field of, and the queues it belongs to (INV-03).
///
/// # Safety
///
/// `csq` was registered by [`RequestQueues::register`], and its queues are alive.
unsafe fn queue_of<'queue>(csq: PIO_CSQ) -> (&'queue RequestQueues, &'queue Queue) {
    // SAFETY: by the caller. `register` made the pointer from one to the whole queue.
    let queue = unsafe { &*csq.cast::<Queue>() };
    // SAFETY: by the caller; set by `register`.
    (unsafe { queue.queues() }, queue)
}
