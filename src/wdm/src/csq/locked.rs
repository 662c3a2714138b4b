//! What may be done with the lock held.

// UNSAFETY: links and unlinks IRPs.
#![expect(unsafe_code, reason = "intrusive lists of IRPs")]

use core::ops::{Deref, DerefMut};
use core::ptr::null_mut;

use super::RequestQueues;
use super::account::{Account, Ending, Purpose};
use super::peek::following;
use super::slot::{Place, Slot};
use crate::file_context::FileContext;
use crate::list;
use crate::spin_lock::{Held, RawSpinLock, SavedIrql};
use crate::sys::{LIST_ENTRY, PIRP, QUEUE_LINK_OFFSET, driver_context, queue_link};

/// What may be done by one that holds the lock.
pub(super) struct Locked<'queues> {
    pub(super) held: Held<'queues>,
    account: &'queues mut Account,
}

/// The lock, held until this goes.
pub(super) struct LockGuard<'queues> {
    lock: &'queues RawSpinLock,
    saved: SavedIrql,
    locked: Locked<'queues>,
}

impl RequestQueues {
    /// Acquires the lock.
    pub(super) fn lock(&self) -> LockGuard<'_> {
        let saved = self.lock.acquire();
        LockGuard {
            lock: &self.lock,
            saved,
            // SAFETY: acquired above.
            locked: unsafe { self.locked() },
        }
    }

    /// # Safety
    ///
    /// The lock is held until what is returned is gone, of which there is one at a time.
    pub(super) unsafe fn locked(&self) -> Locked<'_> {
        Locked {
            // SAFETY: by the caller.
            held: unsafe { Held::assume() },
            // SAFETY: the lock is held, by the caller.
            account: unsafe { &mut *self.account.get() },
        }
    }
}

impl Locked<'_> {
    /// Whether the fate of an IRP that is being put into a queue is decided. The closing of its
    /// handle and the removal of its device decide it, if nobody has before.
    pub(super) fn dooms(&self, slot: &Slot, owner: &FileContext) -> bool {
        let free = slot.fate.get(&self.held).is_none();
        if free && !self.is_retired() && !owner.closing.get(&self.held) {
            return false;
        }
        core::hint::cold_path();
        if free {
            let fate = if self.is_retired() {
                Ending::Removed
            } else {
                Ending::Closed
            };
            slot.fate.set(&self.held, Some(fate));
        }
        true
    }

    /// Decides that a request is canceled, if nothing is decided. Returns how many that are.
    pub(super) fn cancel(&self, slot: &Slot) -> u64 {
        let free = slot.fate.get(&self.held).is_none();
        if free {
            slot.fate.set(&self.held, Some(Ending::Canceled));
        }
        u64::from(free)
    }

    /// Takes a request out of its queue, and out of all if that is what it was removed for.
    ///
    /// # Safety
    ///
    /// `irp` is linked in the pending or the claimed queue.
    pub(super) unsafe fn unlink_request(&mut self, irp: PIRP) {
        // SAFETY: an IRP of the queue's.
        let link = unsafe { queue_link(irp) };
        // SAFETY: the lock is held, and the IRP is linked.
        unsafe { list::remove(link) };
        // SAFETY: only IRPs with slots are linked.
        let slot = unsafe { Slot::of(irp) };
        match self.purpose_of(irp) {
            Purpose::Move => slot.place.set(&self.held, Place::Moving),
            // SAFETY: in no queue any more.
            Purpose::End(ending) => unsafe { self.end(slot, irp, ending) },
        }
    }

    /// Ends a request in the account, by its fate if that is decided.
    ///
    /// # Safety
    ///
    /// `irp` is the slot's, in its handle's list and in no queue.
    pub(super) unsafe fn end(&mut self, slot: &Slot, irp: PIRP, ending: Ending) {
        // SAFETY: the queue's or the caller's.
        let link = unsafe { handle_link(irp) };
        // SAFETY: the lock is held; linked, by the caller.
        unsafe { list::remove(link) };
        let ending = slot.fate.get(&self.held).unwrap_or(ending);
        slot.fate.set(&self.held, Some(ending));
        slot.place.set(&self.held, Place::Vacant);
        self.count_ending(ending);
    }
}

/// Where a request that comes back belongs in the pending queue: before the link returned. Only
/// others that have come back can be older, so the search ends soon.
///
/// # Safety
///
/// The lock is held.
pub(super) unsafe fn first_younger(
    account: &Locked<'_>,
    queues: &RequestQueues,
    slot: &Slot,
) -> *mut LIST_ENTRY {
    let pending = queues.lists.pending.as_ptr();
    let number = slot.sequence.get(&account.held);
    let mut irp = null_mut();
    loop {
        // SAFETY: by the caller; `irp` is null or from here.
        irp = unsafe { following(pending, irp, QUEUE_LINK_OFFSET) };
        if irp.is_null() {
            return pending;
        }
        // SAFETY: in the queue, so it has a slot.
        if unsafe { Slot::of(irp) }.sequence.get(&account.held) > number {
            // SAFETY: an IRP of the queue's.
            return unsafe { queue_link(irp) };
        }
    }
}

/// The link of an IRP in its handle's list.
///
/// # Safety
///
/// `irp` points to an IRP.
pub(super) unsafe fn handle_link(irp: PIRP) -> *mut LIST_ENTRY {
    // SAFETY: by the caller. Two of the four pointers have the layout of a link, see `sys`.
    unsafe { driver_context(irp) }.cast()
}

impl Deref for Locked<'_> {
    type Target = Account;

    fn deref(&self) -> &Account {
        self.account
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Account {
        self.account
    }
}

impl<'queues> Deref for LockGuard<'queues> {
    type Target = Locked<'queues>;

    fn deref(&self) -> &Locked<'queues> {
        &self.locked
    }
}

impl DerefMut for LockGuard<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.locked
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: acquired by `lock`, with this IRQL.
        unsafe { self.lock.release(self.saved) };
    }
}
