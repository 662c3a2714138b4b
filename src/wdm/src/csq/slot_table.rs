//! All slots of a device, and a stack of those that are free.
//!
//! The stack takes no lock, because `csq_complete_canceled_irp`, which frees slots, may not take
//! the queue's (INV-50). Its head carries a number that changes with every operation, so that a
//! head that looks the same is the same.

// UNSAFETY: the table is freed while its owner stays.
#![expect(unsafe_code, reason = "owns memory whose users are counted elsewhere")]

use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::apart::Apart;
use super::slot::{Slot, index_of};
use crate::pool::PoolSlice;

/// The slots, once there are any.
///
/// # Invariants
///
/// `first` is null, or points to `length` slots from [`PoolSlice::into_raw`]. Those from `fresh` on
/// are zeros: nobody has had them yet. The low half of `free` is 0 or 1 more than the index of a
/// free slot, and so is the `next_free` of each.
// In this order: what is only read, once there are slots; what changes.
#[repr(C)]
pub(super) struct SlotTable {
    first: AtomicPtr<Slot>,
    length: AtomicU32,
    _apart: Apart,
    fresh: AtomicU32,
    free: AtomicU64,
}

/// A slot that was taken. One that nobody has had has no name yet, but an index.
pub(super) struct Taken<'table> {
    pub(super) slot: &'table Slot,
    pub(super) fresh: Option<u32>,
}

impl SlotTable {
    /// A table without slots.
    pub(super) const fn new() -> Self {
        Self {
            first: AtomicPtr::new(null_mut()),
            length: AtomicU32::new(0),
            _apart: Apart::new(),
            fresh: AtomicU32::new(0),
            free: AtomicU64::new(0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.load(Ordering::Relaxed).is_null()
    }

    /// Gives the table its slots. If it has some, it keeps those.
    pub(super) fn fill(&self, slots: PoolSlice<Slot>) {
        let (first, length) = slots.into_raw();
        let (empty, filled) = (null_mut(), first.as_ptr());
        let (order, otherwise) = (Ordering::Release, Ordering::Relaxed);
        if self
            .first
            .compare_exchange(empty, filled, order, otherwise)
            .is_ok()
        {
            // INVARIANT: both are of the same slice. Nothing is found before the length is known.
            self.length.store(length, Ordering::Release);
        } else {
            // SAFETY: from above.
            drop(unsafe { PoolSlice::from_raw((first, length)) });
        }
    }

    /// Frees the slots.
    ///
    /// # Safety
    ///
    /// Nobody uses the table or a slot any more.
    pub(super) unsafe fn free(&self) {
        self.free.store(0, Ordering::Relaxed);
        self.fresh.store(0, Ordering::Relaxed);
        let length = self.length.swap(0, Ordering::Relaxed);
        if let Some(first) = NonNull::new(self.first.swap(null_mut(), Ordering::Relaxed)) {
            // SAFETY: by the type invariant and the caller.
            drop(unsafe { PoolSlice::from_raw((first, length)) });
        }
    }

    /// The slot with an index.
    pub(super) fn get(&self, index: u32) -> Option<&Slot> {
        let first = self.first.load(Ordering::Acquire);
        if first.is_null() || index >= self.length.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: in bounds, by the type invariant.
        let slot = unsafe { first.add(index as usize) };
        // SAFETY: as above. Who uses the table keeps it.
        Some(unsafe { &*slot })
    }

    /// Takes a free slot.
    pub(super) fn take(&self) -> Option<Taken<'_>> {
        let mut head = self.free.load(Ordering::Acquire);
        while let Some(index) = first_index(head).checked_sub(1) {
            let slot = self.get(index)?;
            let next = successor(head, slot.next_free.load(Ordering::Relaxed));
            let (order, otherwise) = (Ordering::Acquire, Ordering::Acquire);
            match self
                .free
                .compare_exchange_weak(head, next, order, otherwise)
            {
                Ok(_) => return Some(Taken { slot, fresh: None }),
                Err(now) => head = now,
            }
        }
        let length = self.length.load(Ordering::Acquire);
        let more = |fresh: u32| (fresh < length).then_some(fresh + 1);
        let (order, otherwise) = (Ordering::Relaxed, Ordering::Relaxed);
        let index = self.fresh.fetch_update(order, otherwise, more).ok()?;
        let slot = self.get(index)?;
        Some(Taken {
            slot,
            fresh: Some(index),
        })
    }

    /// Makes a slot free.
    ///
    /// # Safety
    ///
    /// The slot was taken, and nobody uses it any more.
    pub(super) unsafe fn put(&self, slot: &Slot) {
        // SAFETY: the caller has it.
        let index = index_of(unsafe { slot.tenant() }.id);
        let mut head = self.free.load(Ordering::Relaxed);
        loop {
            slot.next_free.store(first_index(head), Ordering::Relaxed);
            let next = successor(head, index + 1);
            let (order, otherwise) = (Ordering::Release, Ordering::Relaxed);
            match self
                .free
                .compare_exchange_weak(head, next, order, otherwise)
            {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }
}

/// The half of a head that says which slot is the first.
#[expect(clippy::cast_possible_truncation, reason = "the other half")]
const fn first_index(head: u64) -> u32 {
    head as u32
}

/// A head with the next number.
const fn successor(head: u64, index: u32) -> u64 {
    ((head >> 32).wrapping_add(1) << 32) | index as u64
}
