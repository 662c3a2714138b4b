//! The lock of queues, and what it guards.

// UNSAFETY: a lock that callbacks take and give.
#![expect(unsafe_code, reason = "lends out what a spin lock guards")]

use core::cell::{Cell, UnsafeCell};
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};

use super::clock::Clock;
use super::domain::Domain;
use super::list::{Entry, InOwner, InQueue, Links};
use super::slots::{Slot, Slots, Table};
use crate::call::Call;
use crate::spin_lock::{RawSpinLock, SavedIrql};
use crate::status::NtStatus;
use crate::sys::{KIRQL, PIRP, PVOID};

/// A spin lock, the slots for IRPs, and a domain's state.
#[repr(C)]
pub struct Lock<G: Domain> {
    raw: RawSpinLock,
    /// Guarded: what was found last for `IoCsqRemoveNextIrp`, and what the remover looks for. Nulls whenever the
    /// lock is released.
    pub(super) peeked: Cell<(PIRP, PVOID)>,
    /// Guarded.
    slots: Slots<G::Request>,
    /// Guarded.
    state: UnsafeCell<G::State>,
    _pinned: PhantomPinned,
}

// SAFETY: all but the spin lock is touched with that held only.
unsafe impl<G: Domain> Sync for Lock<G> {}
// SAFETY: what it owns may be used by any thread, as the bounds of `Domain` say.
unsafe impl<G: Domain> Send for Lock<G> {}

/// Memory for the slots of a domain.
pub struct Memory<G: Domain>(Table<G::Request>);

impl<G: Domain> Memory<G> {
    /// For so many IRPs at once. The upper half of the first ids is `generation`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn try_new(length: u32, generation: u32) -> Result<Self, NtStatus> {
        Table::try_new(length, generation).map(Self)
    }
}

impl<G: Domain> Lock<G> {
    /// A free lock, with room for no IRP.
    pub const fn new(state: G::State) -> Self {
        Self {
            raw: RawSpinLock::new(),
            peeked: Cell::new((null_mut(), null_mut())),
            slots: Slots::new(),
            state: UnsafeCell::new(state),
            _pinned: PhantomPinned,
        }
    }

    /// Holds the lock while `work` runs, at `DISPATCH_LEVEL`.
    #[inline]
    pub fn hold<R>(
        self: Pin<&Self>,
        _call: &mut Call,
        work: impl for<'h> FnOnce(&mut Held<'h, G>) -> R,
    ) -> R {
        let this = self.get_ref();
        let saved = this.raw.acquire();
        // SAFETY: just taken, and for all `work` knows held for ever.
        let result = work(&mut unsafe { Held::assume(this) });
        // SAFETY: taken above, at this IRQL.
        unsafe { this.raw.release(saved) };
        result
    }

    /// Begins to use memory for slots. Does nothing if there are some.
    pub fn provide(self: Pin<&Self>, call: &mut Call, memory: Memory<G>) {
        let left = self.hold(call, |held| held.slots().provide(memory.0));
        // Pool is not freed with the lock held.
        drop(left);
    }

    /// Frees the memory of the slots. Stops the system if an IRP is in a queue.
    pub fn withdraw(self: Pin<&Self>, call: &mut Call) {
        let left = self.hold(call, |held| held.slots().withdraw());
        drop(left);
    }

    /// Where a slot's clock is, which does not change while a slot is taken.
    pub(super) fn clock_of(&self, slot: &Slot<G::Request>) -> &Clock {
        self.slots.clock(slot)
    }

    /// `CsqAcquireLock`.
    #[inline]
    pub(super) fn acquire(&self) -> KIRQL {
        self.raw.acquire().0
    }

    /// `CsqReleaseLock`.
    ///
    /// # Safety
    ///
    /// The lock is held since an [`acquire`](Self::acquire) that returned `irql`.
    #[inline]
    pub(super) unsafe fn release(&self, irql: KIRQL) {
        self.peeked.set((null_mut(), null_mut()));
        // SAFETY: by the caller (INV-41).
        unsafe { self.raw.release(SavedIrql(irql)) };
    }
}

/// The proof that a lock is held, and the way to what it guards.
///
/// # Invariants
///
/// The lock is held for `'h` by this thread, and there is no other `Held` of it.
pub struct Held<'h, G: Domain> {
    lock: &'h Lock<G>,
    /// The links of the lists that IRPs move between.
    pub links: Links<'h, InQueue>,
    /// The links of owners' lists.
    pub own_links: Links<'h, InOwner>,
}

impl<'h, G: Domain> Held<'h, G> {
    /// # Safety
    ///
    /// The lock is held for as long as this, of which there is one at a time.
    #[inline]
    pub(super) unsafe fn assume(lock: &'h Lock<G>) -> Self {
        let address = (&raw const *lock).addr();
        // INVARIANT: by the caller.
        Self {
            lock,
            // SAFETY: the caller holds the lock at this address, and has one `Held` of it.
            links: unsafe { Links::assume(address) },
            // SAFETY: as for `links`: another kind of list, guarded by the same lock.
            own_links: unsafe { Links::assume(address) },
        }
    }

    /// What the lock guards.
    #[must_use]
    #[inline]
    pub fn state(&self) -> Pin<&'h G::State> {
        // SAFETY: the lock is held for 'h, and the state only ever shared.
        let state = unsafe { &*self.lock.state.get() };
        // SAFETY: a lock that is used is pinned.
        unsafe { Pin::new_unchecked(state) }
    }

    #[inline]
    pub(super) const fn slots(&self) -> &'h Slots<G::Request> {
        &self.lock.slots
    }

    /// The IRP with this id.
    #[must_use]
    #[inline]
    pub fn find(&self, id: u64) -> Option<Entry<'h, G>> {
        self.slots().find(id).and_then(|slot| self.entry_in(slot))
    }

    /// How many slots there are.
    #[must_use]
    pub fn slot_count(&self) -> u32 {
        self.slots().length()
    }

    /// The IRP in a slot, of those numbered from 0.
    #[must_use]
    pub fn at(&self, index: u32) -> Option<Entry<'h, G>> {
        self.slots().get(index).and_then(|slot| self.entry_in(slot))
    }

    /// The IRP that a slot of this domain has, if it has one.
    #[expect(clippy::unused_self, reason = "the proof that the lock is held")]
    #[inline]
    pub(super) fn entry_in(&self, slot: &Slot<G::Request>) -> Option<Entry<'h, G>> {
        // SAFETY: the IRP of a slot is in a queue, whose lock this holds.
        NonNull::new(slot.irp.get()).map(|irp| unsafe { Entry::of(irp) })
    }
}
