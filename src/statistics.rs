//! How many requests there are, and what became of them. The lock guards the counters, so one look at them
//! balances (INV-37).

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

use csq_protocol::wire::Statistics;
use wdm::csq::{Domain, Held};

use crate::reason::Reason;

/// The counters of a device. At every instant,
/// `pended == completed + canceled + timed_out + flushed + pending + claimed`.
pub struct Counters {
    pended: Cell<u64>,
    completed: Cell<u64>,
    canceled: Cell<u64>,
    timed_out: Cell<u64>,
    flushed: Cell<u64>,
    claimed: Cell<u64>,
    /// Of requests that have not ended.
    outstanding: Cell<u64>,
    high_water: Cell<u64>,
}

/// Adds to a counter.
pub fn add(counter: &Cell<u64>, difference: i64) {
    counter.set(counter.get().wrapping_add_signed(difference));
}

impl Counters {
    pub const fn new() -> Self {
        Self {
            pended: Cell::new(0),
            completed: Cell::new(0),
            canceled: Cell::new(0),
            timed_out: Cell::new(0),
            flushed: Cell::new(0),
            claimed: Cell::new(0),
            outstanding: Cell::new(0),
            high_water: Cell::new(0),
        }
    }

    /// Counts a new request. Returns how many have come before and with it.
    #[inline]
    pub fn count_pended(&self) -> u64 {
        add(&self.pended, 1);
        add(&self.outstanding, 1);
        if self.outstanding.get() > self.high_water.get() {
            self.high_water.set(self.outstanding.get());
        }
        self.pended.get()
    }

    /// How many have come.
    pub fn pended(&self) -> u64 {
        self.pended.get()
    }

    /// Counts the end of a request.
    #[inline]
    pub fn count_ended(&self, reason: Reason) {
        add(&self.outstanding, -1);
        let counter = match reason {
            Reason::Completed => &self.completed,
            Reason::Canceled => &self.canceled,
            Reason::TimedOut => &self.timed_out,
            Reason::Closed | Reason::Removed => &self.flushed,
        };
        add(counter, 1);
    }

    /// Counts a request that was canceled before it was in the queue.
    pub fn count_canceled_before(&self) {
        add(&self.pended, 1);
        add(&self.canceled, 1);
    }

    pub fn count_claimed(&self) {
        add(&self.claimed, 1);
    }

    /// A claimed request ends, or is pending again.
    pub fn count_unclaimed(&self) {
        add(&self.claimed, -1);
    }

    /// Everything but what other things count.
    pub fn snapshot(&self) -> Statistics {
        Statistics {
            pended: self.pended.get().into(),
            completed: self.completed.get().into(),
            canceled: self.canceled.get().into(),
            timed_out: self.timed_out.get().into(),
            flushed: self.flushed.get().into(),
            pending: self
                .outstanding
                .get()
                .wrapping_sub(self.claimed.get())
                .into(),
            claimed: self.claimed.get().into(),
            high_water: self.high_water.get().into(),
            ..Statistics::default()
        }
    }
}

/// How many requests and waiting claims of a handle have not ended. Atomic only to be shared: the lock makes one
/// operation of a load and a store.
pub struct Outstanding(AtomicU32);

impl Outstanding {
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Counts one more, unless there are `limit`. Returns whether it did.
    #[inline]
    pub fn count<G: Domain>(&self, _held: &Held<'_, G>, limit: u32) -> bool {
        let outstanding = self.0.load(Ordering::Relaxed);
        if outstanding >= limit {
            return false;
        }
        self.0.store(outstanding + 1, Ordering::Relaxed);
        true
    }

    /// Counts the end of one.
    #[inline]
    pub fn release<G: Domain>(&self, _held: &Held<'_, G>) {
        let outstanding = self.0.load(Ordering::Relaxed);
        self.0.store(outstanding.wrapping_sub(1), Ordering::Relaxed);
    }
}
