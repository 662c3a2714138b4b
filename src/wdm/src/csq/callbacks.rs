//! The six callbacks that `IoCsqInitialize` registers. They are called by the `IoCsq*` routines
//! and by the cancel routine those install, and by nobody else.
//!
//! | callback | lock held | may run |
//! |---|---|---|
//! | [`csq_acquire_lock`], [`csq_release_lock`] | they take and give it | any time |
//! | [`csq_insert_irp`], [`csq_remove_irp`], [`csq_peek_next_irp`] | yes | between the two above |
//! | [`csq_complete_canceled_irp`] | perhaps | with or without the IRP ever having been linked |

// UNSAFETY: the kernel calls these with raw pointers.
#![expect(unsafe_code, reason = "callbacks from the kernel over intrusive lists")]

use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use super::{Account, CancelSafeQueue, Ending, Peek, PeekContext};
use crate::irp;
use crate::list;
use crate::spin_lock::SavedIrql;
use crate::stack_location::StackLocation;
use crate::status::NtStatus;
use crate::sys::{
    DRIVER_CONTEXT_OFFSET, IRP, KIRQL, LIST_ENTRY, PIO_CSQ, PIO_CSQ_ACQUIRE_LOCK,
    PIO_CSQ_COMPLETE_CANCELED_IRP, PIO_CSQ_INSERT_IRP, PIO_CSQ_PEEK_NEXT_IRP, PIO_CSQ_RELEASE_LOCK,
    PIO_CSQ_REMOVE_IRP, PIRP, PKIRQL, PVOID, QUEUE_LINK_OFFSET, driver_context, queue_link,
};

/// Which of the four pointers of `DriverContext` begins the link of the handle's list. It takes
/// two of them.
pub(super) const HANDLE_LINK: usize = 0;

// A drifted signature does not compile (TR-106).
const _: PIO_CSQ_INSERT_IRP = Some(csq_insert_irp);
const _: PIO_CSQ_REMOVE_IRP = Some(csq_remove_irp);
const _: PIO_CSQ_PEEK_NEXT_IRP = Some(csq_peek_next_irp);
const _: PIO_CSQ_ACQUIRE_LOCK = Some(csq_acquire_lock);
const _: PIO_CSQ_RELEASE_LOCK = Some(csq_release_lock);
const _: PIO_CSQ_COMPLETE_CANCELED_IRP = Some(csq_complete_canceled_irp);

/// Links `irp` last in the queue and last among its handle's (INV-15, INV-20).
///
/// # Context
///
/// IRQL `DISPATCH_LEVEL`. Holds the queue lock, taken by [`csq_acquire_lock`]. The queue owns
/// `irp` from here on.
///
/// # Safety
///
/// Called only by `IoCsqInsertIrp`, with an IRP that [`CancelSafeQueue::insert`] gave it.
pub(super) unsafe extern "C" fn csq_insert_irp(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: by the caller.
    let queue = unsafe { queue_of(csq) };
    // SAFETY: an IRP of the queue's.
    let link = unsafe { queue_link(irp) };
    // SAFETY: the lock is held, and the IRP is in no list.
    unsafe { list::insert_tail(queue.irps.get(), link) };

    // SAFETY: a live IRP is not null.
    let owned = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: the queue owns the IRP.
    let stack = unsafe { StackLocation::of(owned) };
    if let Some(file) = stack.file_context() {
        // SAFETY: `insert` has passed the handle's rundown, and from here on the IRP keeps the
        // file object and with it the context.
        let head = unsafe { file.as_ref() }.irps();
        // SAFETY: as for the queue's own link.
        let link = unsafe { handle_link(irp) };
        // SAFETY: the lock is held, and the IRP is in no list of a handle.
        unsafe { list::insert_tail(head, link) };
    }

    // SAFETY: the lock is held.
    unsafe { &mut *queue.account.get() }.count_insertion();
}

/// Unlinks `irp` and counts what it was removed for.
///
/// # Context
///
/// IRQL `DISPATCH_LEVEL`. Holds the queue lock. The caller owns `irp` from here on.
///
/// # Safety
///
/// Called only by the `IoCsq*` routines and their cancel routine, with a linked IRP.
pub(super) unsafe extern "C" fn csq_remove_irp(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: by the caller.
    let queue = unsafe { queue_of(csq) };
    // SAFETY: an IRP of the queue's.
    let link = unsafe { queue_link(irp) };
    // SAFETY: the lock is held, and the IRP is linked.
    unsafe { list::remove(link) };
    // SAFETY: an IRP of the queue's.
    let link = unsafe { handle_link(irp) };
    // SAFETY: `csq_insert_irp` linked it: `insert` lets only IRPs of handles in.
    unsafe { list::remove(link) };

    // SAFETY: the lock is held.
    unsafe { &mut *queue.account.get() }.count_removal(irp);
}

/// Finds the first IRP that matches, or the first after `irp` (INV-30). Unlinks nothing.
///
/// # Context
///
/// IRQL `DISPATCH_LEVEL`. Holds the queue lock. What is returned stays the queue's.
///
/// # Safety
///
/// Called only by `IoCsqRemoveNextIrp`, with the [`PeekContext`] that
/// [`CancelSafeQueue::remove_next`] gave it and null or a linked IRP it was given before.
pub(super) unsafe extern "C" fn csq_peek_next_irp(csq: PIO_CSQ, irp: PIRP, context: PVOID) -> PIRP {
    // SAFETY: by the caller.
    let queue = unsafe { queue_of(csq) };
    // SAFETY: by the caller; it is alive until `remove_next` returns.
    let context = unsafe { &*context.cast::<PeekContext<'_>>() };

    let found = match context.peek {
        // SAFETY: the lock is held, and `irp` is null or linked.
        Peek::Any => unsafe { following(queue.irps.get(), irp, QUEUE_LINK_OFFSET) },
        // SAFETY: as above.
        Peek::File(file) => unsafe { following(file.irps(), irp, DRIVER_CONTEXT_OFFSET) },
        // SAFETY: as above.
        Peek::Key(file, key) => unsafe { following_with_key(file.irps(), irp, key) },
    };
    // SAFETY: the lock is held.
    let account = unsafe { &mut *queue.account.get() };
    account.peeked = found;
    account.purpose = context.purpose;
    found
}

/// Acquires the queue lock. The only place that does so for `IoCsq*`.
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
    let queue = unsafe { queue_of(csq) };
    let saved = queue.lock.acquire();
    // SAFETY: by the caller. The place is the caller's own (INV-40).
    unsafe { *irql = saved.0 };
}

/// Releases the queue lock.
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
    let queue = unsafe { queue_of(csq) };
    // SAFETY: by the caller (INV-41).
    unsafe { queue.lock.release(SavedIrql(irql)) };
}

/// Ends an IRP that was canceled. Takes no lock, and its last act is the completion (INV-50,
/// INV-51).
///
/// # Context
///
/// IRQL <= `DISPATCH_LEVEL`. The queue lock may be held or not. The caller gives up `irp`, which
/// may never have been linked.
///
/// # Safety
///
/// Called only by `IoCsqInsertIrp` and by the cancel routine of `IoCsq*`, with an IRP that
/// [`CancelSafeQueue::insert`] gave it.
pub(super) unsafe extern "C" fn csq_complete_canceled_irp(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: by the caller.
    let queue = unsafe { queue_of(csq) };
    // SAFETY: owned by the caller.
    let link = unsafe { handle_link(irp) };
    // SAFETY: written by `insert`, and again by `csq_insert_irp` if that was called.
    if unsafe { list::next(link) }.is_null() {
        queue.canceled_early.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: a live IRP is not null.
    let owned = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: given up by the caller, with the remove-lock reference that came with it into
    // `insert` and keeps the queue alive until now.
    unsafe { irp::complete(owned, NtStatus::CANCELLED.into()) };
}

impl Account {
    fn count_insertion(&mut self) {
        self.tally.pended += 1;
        self.tally.pending += 1;
        self.tally.high_water = self.tally.high_water.max(self.tally.pending);
    }

    /// Counts `irp` out: as what `IoCsqRemoveNextIrp` wanted it for if that is what removes it,
    /// otherwise as canceled.
    fn count_removal(&mut self, irp: PIRP) {
        let purpose = if self.peeked == irp {
            self.purpose
        } else {
            Ending::Canceled
        };
        self.peeked = null_mut();
        self.tally.pending -= 1;
        match purpose {
            Ending::Completed => self.tally.completed += 1,
            Ending::Canceled => self.tally.canceled += 1,
            Ending::Flushed => self.tally.flushed += 1,
        }
    }
}

/// The queue that `csq` is the first field of.
///
/// # Safety
///
/// `csq` was registered by [`CancelSafeQueue::register`], and its queue is alive.
unsafe fn queue_of<'queue>(csq: PIO_CSQ) -> &'queue CancelSafeQueue {
    // SAFETY: by the caller. `register` made the pointer from one to the whole queue.
    unsafe { &*csq.cast::<CancelSafeQueue>() }
}

/// The link of an IRP in its handle's list.
///
/// # Safety
///
/// `irp` points to an IRP.
unsafe fn handle_link(irp: PIRP) -> *mut LIST_ENTRY {
    // SAFETY: by the caller. Two of the four pointers have the layout of a link, see `sys`.
    unsafe { driver_context(irp) }.cast()
}

/// The first IRP in the list at `head`, or the one after `irp`; null at the end. `offset` is where
/// the list's links are in an IRP.
///
/// # Safety
///
/// The lock of the list is held, and `irp` is null or in the list.
unsafe fn following(head: *mut LIST_ENTRY, irp: PIRP, offset: usize) -> PIRP {
    let current = if irp.is_null() {
        head
    } else {
        irp.wrapping_byte_add(offset).cast()
    };
    // SAFETY: the head or a linked entry.
    let next = unsafe { list::next(current) };
    if next == head {
        null_mut()
    } else {
        next.wrapping_byte_sub(offset).cast::<IRP>()
    }
}

/// As [`following`], for a handle's list and the next IRP with `key`.
///
/// # Safety
///
/// As for [`following`].
unsafe fn following_with_key(head: *mut LIST_ENTRY, mut irp: PIRP, key: usize) -> PIRP {
    loop {
        // SAFETY: by the caller.
        irp = unsafe { following(head, irp, DRIVER_CONTEXT_OFFSET) };
        if irp.is_null() {
            return irp;
        }
        // SAFETY: linked, so the queue's.
        let context = unsafe { driver_context(irp) };
        // SAFETY: as above; set before insertion (INV-12).
        if unsafe { (*context)[2] }.addr() == key {
            return irp;
        }
    }
}
