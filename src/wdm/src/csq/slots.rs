//! What is kept for each IRP in a queue, and names for them.

// UNSAFETY: finds slots by index and by pointer.
#![expect(unsafe_code, reason = "owns memory that IRPs point to")]

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{NonNull, null, null_mut, without_provenance_mut};

use super::clock::Clock;
use crate::list::fail_fast;
use crate::pool::PoolSlice;
use crate::status::NtStatus;
use crate::sys::{LIST_ENTRY, PIRP};

/// What two ids of one slot differ by.
const NEXT_GENERATION: u64 = 1 << 32;

/// What is kept for one IRP, `R` of it by the discipline. The lock guards all of it.
#[repr(C)]
pub struct Slot<R> {
    /// Null while it is in no queue.
    pub(super) irp: Cell<PIRP>,
    /// The head of the list that it is in. Of a free slot, its address is the index of the next free one.
    pub(super) list: Cell<*mut LIST_ENTRY>,
    /// The head of its owner's list.
    pub(super) own: Cell<*mut LIST_ENTRY>,
    /// The state of the handle that it came through.
    pub(super) file: Cell<*const c_void>,
    id: Cell<u64>,
    /// The discipline's.
    pub request: R,
    pub(super) timer: Cell<Timer>,
}

/// The timer of a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// Not set, and its routine is not running.
    Idle,
    /// Set, or its routine runs.
    Set,
    /// As [`Set`](Self::Set), and the IRP is gone: the routine frees the slot.
    Left,
}

impl<R> Slot<R> {
    /// The name of its IRP: the slot's index in the lower half, in the upper half which of those IRPs it is
    /// that have had the slot. No other IRP of the device has it for the next 2^32 that have this slot
    /// (TR-45), and it is no address (TR-87).
    #[inline]
    pub fn id(&self) -> u64 {
        self.id.get()
    }

    fn index(&self) -> u32 {
        index_of(self.id.get())
    }
}

/// The slots of a domain. The lock guards all of it.
///
/// # Invariants
///
/// `first` and `clocks` point to `length` initialized slots and clocks, in memory that these slots own; or `length`
/// is 0. A slot is free, and in the chain that begins with `first_free`, or has an IRP, or is an inserting
/// thread's, or its timer is [`Left`](Timer::Left).
pub(super) struct Slots<R> {
    first: Cell<*const Slot<R>>,
    clocks: Cell<*const Clock>,
    length: Cell<u32>,
    first_free: Cell<u32>,
    /// How many are not free.
    used: Cell<u32>,
}

/// Memory for slots.
pub(super) struct Table<R> {
    slots: PoolSlice<Slot<R>>,
    clocks: PoolSlice<Clock>,
}

impl<R: Default> Table<R> {
    /// Memory for so many. The first id of each slot has this generation.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(super) fn try_new(length: u32, generation: u32) -> Result<Self, NtStatus> {
        let slot = |index: u32| Slot {
            irp: Cell::new(null_mut()),
            list: Cell::new(without_provenance_mut(index as usize + 1)),
            own: Cell::new(null_mut()),
            file: Cell::new(null()),
            // The first to take the slot gets the next one.
            id: Cell::new(u64::from(generation.wrapping_sub(1)) << 32 | u64::from(index)),
            request: R::default(),
            timer: Cell::new(Timer::Idle),
        };
        Ok(Self {
            slots: PoolSlice::try_from_fn(length, slot)?,
            clocks: PoolSlice::try_from_fn(length, |_| Clock::new())?,
        })
    }
}

impl<R> Slots<R> {
    /// None.
    pub(super) const fn new() -> Self {
        Self {
            first: Cell::new(null()),
            clocks: Cell::new(null()),
            length: Cell::new(0),
            first_free: Cell::new(0),
            used: Cell::new(0),
        }
    }

    pub(super) fn length(&self) -> u32 {
        self.length.get()
    }

    /// Begins to use some memory. Gives it back if there is some already.
    pub(super) fn provide(&self, table: Table<R>) -> Option<Table<R>> {
        if self.length.get() != 0 {
            return Some(table);
        }
        let (slots, length) = table.slots.into_raw();
        let (clocks, _) = table.clocks.into_raw();
        // INVARIANT: both have this length, and all slots are in the chain.
        self.first.set(slots.as_ptr());
        self.clocks.set(clocks.as_ptr());
        self.first_free.set(0);
        self.length.set(length);
        None
    }

    /// Gives the memory back. Stops the system if a slot is in use.
    pub(super) fn withdraw(&self) -> Option<Table<R>> {
        if self.used.get() != 0 {
            fail_fast();
        }
        let length = self.length.replace(0);
        let slots = NonNull::new(self.first.get().cast_mut()).filter(|_| length != 0)?;
        let clocks = NonNull::new(self.clocks.get().cast_mut())?;
        Some(Table {
            // SAFETY: from `provide`; no slot is in use.
            slots: unsafe { PoolSlice::from_raw((slots, length)) },
            // SAFETY: from the same `provide`.
            clocks: unsafe { PoolSlice::from_raw((clocks, length)) },
        })
    }

    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&Slot<R>> {
        if index >= self.length.get() {
            return None;
        }
        // SAFETY: in bounds, by the type invariant.
        let slot = unsafe { self.first.get().add(index as usize) };
        // SAFETY: initialized, by the type invariant.
        Some(unsafe { &*slot })
    }

    /// The slot with this id, if it has an IRP with that.
    #[inline]
    pub(super) fn find(&self, id: u64) -> Option<&Slot<R>> {
        let slot = self.get(index_of(id))?;
        (slot.id.get() == id && !slot.irp.get().is_null()).then_some(slot)
    }

    pub(super) fn clock(&self, slot: &Slot<R>) -> &Clock {
        // SAFETY: there is one for each slot, by the type invariant.
        let clock = unsafe { self.clocks.get().add(slot.index() as usize) };
        // SAFETY: initialized, by the type invariant.
        unsafe { &*clock }
    }

    /// Takes the first free slot for an IRP that is about to be inserted, if `admit` agrees, and gives it its next
    /// id.
    ///
    /// # Errors
    ///
    /// `full` if there is none; what `admit` returns. Nothing has changed then.
    #[inline]
    pub(super) fn take_if<E>(
        &self,
        full: E,
        admit: impl FnOnce(&R) -> Result<(), E>,
    ) -> Result<&Slot<R>, E> {
        let slot = self.get(self.first_free.get()).ok_or(full)?;
        admit(&slot.request)?;
        self.first_free.set(next_free(slot));
        self.used.set(self.used.get() + 1);
        slot.id.set(slot.id.get().wrapping_add(NEXT_GENERATION));
        Ok(slot)
    }

    /// The IRP that a slot was taken for is gone. Its timer may not be.
    #[inline]
    pub(super) fn vacate(&self, slot: &Slot<R>) {
        slot.irp.set(null_mut());
        // SAFETY: started, because the slot says so.
        if slot.timer.get() == Timer::Set && !unsafe { self.clock(slot).stop() } {
            slot.timer.set(Timer::Left);
        } else {
            self.free(slot);
        }
    }

    #[inline]
    pub(super) fn free(&self, slot: &Slot<R>) {
        slot.timer.set(Timer::Idle);
        slot.list
            .set(without_provenance_mut(self.first_free.get() as usize));
        self.first_free.set(slot.index());
        self.used.set(self.used.get() - 1);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
const fn index_of(id: u64) -> u32 {
    id as u32
}

/// The index of the free slot after this one.
#[expect(clippy::cast_possible_truncation, reason = "made from 32 bits")]
fn next_free<R>(slot: &Slot<R>) -> u32 {
    slot.list.get().addr() as u32
}
