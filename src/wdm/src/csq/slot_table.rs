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
use super::serving::Serving;
use super::slot::Slot;
use super::timeout::Timing;
use crate::pool::PoolSlice;
use crate::status::NtStatus;

/// The slots, once there are any, in columns: what every IRP needs, and what only some do.
///
/// # Invariants
///
/// The columns have `length` rows. The upper half of `free` is the index of the free slot that was
/// put back last, or `length` if none is free. The `next_free` of a free slot says how far behind
/// its neighbor the one before it in the stack is, modulo 2^32: so a table of zeros is a stack of
/// all slots, in their order.
// In this order: what is only read, once there are slots; what changes.
#[repr(C)]
pub(super) struct SlotTable {
    length: AtomicU32,
    slots: Column<Slot>,
    servings: Column<Serving>,
    timings: Column<Timing>,
    _apart: Apart,
    free: AtomicU64,
}

/// The rows of a table.
pub(super) struct Rows {
    slots: PoolSlice<Slot>,
    servings: PoolSlice<Serving>,
    timings: PoolSlice<Timing>,
}

/// A column of a table.
///
/// # Invariants
///
/// Null, or points to the values of a [`PoolSlice::into_raw`].
struct Column<T>(AtomicPtr<T>);

impl Rows {
    /// So many rows of zeros.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` when there is no memory, or nothing is asked for.
    pub(super) fn try_zeroed(length: u32) -> Result<Self, NtStatus> {
        Ok(Self {
            slots: PoolSlice::try_zeroed(length)?,
            servings: PoolSlice::try_zeroed(length)?,
            timings: PoolSlice::try_zeroed(length)?,
        })
    }
}

impl<T> Column<T> {
    const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// Gives the column its values, and returns how many. If it has some, it keeps those.
    fn fill(&self, values: PoolSlice<T>) -> Option<u32> {
        let (first, length) = values.into_raw();
        let (empty, filled) = (null_mut(), first.as_ptr());
        let (order, otherwise) = (Ordering::Relaxed, Ordering::Relaxed);
        if self
            .0
            .compare_exchange(empty, filled, order, otherwise)
            .is_ok()
        {
            return Some(length);
        }
        // SAFETY: from above.
        drop(unsafe { PoolSlice::from_raw((first, length)) });
        None
    }

    /// As [`fill`](Self::fill), for one who knows that it has none.
    fn set(&self, values: PoolSlice<T>) {
        let (first, _) = values.into_raw();
        self.0.store(first.as_ptr(), Ordering::Relaxed);
    }

    /// The value in a row.
    ///
    /// # Safety
    ///
    /// There is this row.
    unsafe fn get(&self, index: u32) -> &T {
        // SAFETY: in bounds, by the caller.
        let value = unsafe { self.0.load(Ordering::Relaxed).add(index as usize) };
        // SAFETY: as above. Who uses the table keeps it.
        unsafe { &*value }
    }

    /// The row that a value is in.
    ///
    /// # Safety
    ///
    /// It is in this column.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rows are counted in 32 bits"
    )]
    #[expect(clippy::cast_sign_loss, reason = "no row is before the first")]
    unsafe fn index_of(&self, value: &T) -> u32 {
        // SAFETY: by the caller.
        unsafe { (&raw const *value).offset_from(self.0.load(Ordering::Relaxed)) as u32 }
    }

    /// Frees the values.
    ///
    /// # Safety
    ///
    /// There are `length`, if there are any, and nobody uses them any more.
    unsafe fn free(&self, length: u32) {
        if let Some(first) = NonNull::new(self.0.swap(null_mut(), Ordering::Relaxed)) {
            // SAFETY: by the type invariant and the caller.
            drop(unsafe { PoolSlice::from_raw((first, length)) });
        }
    }
}

impl SlotTable {
    /// A table without slots.
    pub(super) const fn new() -> Self {
        Self {
            length: AtomicU32::new(0),
            slots: Column::new(),
            servings: Column::new(),
            timings: Column::new(),
            _apart: Apart::new(),
            free: AtomicU64::new(0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length.load(Ordering::Relaxed) == 0
    }

    /// Gives the table its slots. If it has some, it keeps those.
    pub(super) fn fill(&self, rows: Rows) {
        // The first column decides who fills the others.
        if let Some(length) = self.slots.fill(rows.slots) {
            self.servings.set(rows.servings);
            self.timings.set(rows.timings);
            // INVARIANT: all have that many. Nothing is found before the length is known.
            self.length.store(length, Ordering::Release);
        }
    }

    /// Frees the slots.
    ///
    /// # Safety
    ///
    /// Nobody uses the table or a slot any more.
    pub(super) unsafe fn free(&self) {
        self.free.store(0, Ordering::Relaxed);
        let length = self.length.swap(0, Ordering::Relaxed);
        // SAFETY: by the type invariant and the caller.
        unsafe { self.slots.free(length) };
        // SAFETY: as above.
        unsafe { self.servings.free(length) };
        // SAFETY: as above.
        unsafe { self.timings.free(length) };
    }

    /// What a slot's request needs while it is claimed.
    ///
    /// # Safety
    ///
    /// The slot is one of the table, and the caller is one of those that may use it.
    pub(super) unsafe fn serving(&self, slot: &Slot) -> &Serving {
        // SAFETY: by the caller.
        let index = unsafe { slot.index() };
        // SAFETY: the index of one of the table.
        unsafe { self.servings.get(index) }
    }

    /// The slot that this is a part of.
    ///
    /// # Safety
    ///
    /// It is one of the table.
    pub(super) unsafe fn slot_of(&self, serving: &Serving) -> &Slot {
        // SAFETY: by the caller.
        let index = unsafe { self.servings.index_of(serving) };
        // SAFETY: the index of one of the table.
        unsafe { self.slots.get(index) }
    }

    /// What a slot's request needs if it has a timer.
    ///
    /// # Safety
    ///
    /// As for [`serving`](Self::serving).
    pub(super) unsafe fn timing(&self, slot: &Slot) -> &Timing {
        // SAFETY: by the caller.
        let index = unsafe { slot.index() };
        // SAFETY: the index of one of the table.
        unsafe { self.timings.get(index) }
    }

    /// The slot with an index.
    pub(super) fn get(&self, index: u32) -> Option<&Slot> {
        if index >= self.length.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: by the type invariant.
        Some(unsafe { self.slots.get(index) })
    }

    /// Takes a free slot, and says which it is.
    #[inline]
    pub(super) fn take(&self) -> Option<(u32, &Slot)> {
        let mut head = self.free.load(Ordering::Acquire);
        loop {
            let index = first_index(head);
            let slot = self.get(index)?;
            let distance = slot.next_free.load(Ordering::Relaxed);
            let next = successor(head, neighbor(index).wrapping_add(distance));
            let (order, otherwise) = (Ordering::Acquire, Ordering::Acquire);
            match self
                .free
                .compare_exchange_weak(head, next, order, otherwise)
            {
                Ok(_) => return Some((index, slot)),
                Err(now) => head = now,
            }
        }
    }

    /// So many users of a slot are done. The last one makes it free.
    ///
    /// # Safety
    ///
    /// They were counted, because the slot has a timer, and do not use it any more.
    pub(super) unsafe fn leave(&self, slot: &Slot, users: u8) {
        if slot.leave(users) {
            // SAFETY: this was the last one.
            unsafe { self.put(slot) };
        }
    }

    /// Makes a slot free.
    ///
    /// # Safety
    ///
    /// The slot was taken, and nobody uses it any more.
    pub(super) unsafe fn put(&self, slot: &Slot) {
        // SAFETY: the caller has it.
        let index = unsafe { slot.index() };
        let mut head = self.free.load(Ordering::Relaxed);
        loop {
            let distance = first_index(head).wrapping_sub(neighbor(index));
            slot.next_free.store(distance, Ordering::Relaxed);
            let next = successor(head, index);
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

/// The index of the next slot in the table.
const fn neighbor(index: u32) -> u32 {
    index.wrapping_add(1)
}

/// The half of a head that says which slot is the first.
const fn first_index(head: u64) -> u32 {
    (head >> 32) as u32
}

/// The head after this one: with another first slot, and the next number.
#[expect(clippy::cast_possible_truncation, reason = "the other half")]
const fn successor(head: u64, index: u32) -> u64 {
    (index as u64) << 32 | (head as u32).wrapping_add(1) as u64
}
