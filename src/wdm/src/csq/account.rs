//! What became of the requests: one account for all queues, which the lock guards.

use core::ptr::null_mut;

use crate::status::NtStatus;
use crate::sys::PIRP;

/// How a request ends, or a claim that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is answered. The answer has a status of its own.
    Completed,
    /// Its owner no longer wants it.
    Canceled,
    /// Its time is over.
    TimedOut,
    /// Its handle is closed.
    Closed,
    /// Its device goes away.
    Removed,
}

impl Ending {
    /// The status that goes with it.
    pub(super) const fn status(self) -> NtStatus {
        match self {
            Self::Completed => NtStatus::SUCCESS,
            Self::Canceled | Self::Closed => NtStatus::CANCELLED,
            Self::TimedOut => NtStatus::IO_TIMEOUT,
            Self::Removed => NtStatus::DEVICE_REMOVED,
        }
    }
}

/// What an IRP is removed from a queue for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// To be put into another queue.
    Move,
    /// To be ended.
    End(Ending),
}

/// How many requests entered and where they are: at every instant,
/// `pended == completed + canceled + timed_out + flushed + pending + claimed`.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// Requests ever taken.
    pub pended: u64,
    /// Answered.
    pub completed: u64,
    /// Canceled by the I/O manager or with [`Scope`](super::Scope).
    pub canceled: u64,
    /// Their time was over.
    pub timed_out: u64,
    /// Their handle was closed, or the device went away.
    pub flushed: u64,
    /// Pending now, or on the way there or from there to a server.
    pub pending: u64,
    /// With a server now.
    pub claimed: u64,
    /// The most that were ever pending and claimed at once.
    pub high_water: u64,
    /// Claims that wait now.
    pub waiting: u64,
    /// Requests and claims for which there was no place.
    pub refused: u64,
}

/// See [`Account::notices`].
const RETIRED: u64 = 1 << 63;

/// The account. The lock guards it, like the lists.
// What most requests change comes first, beside their list: in as few cache lines as possible.
#[repr(C)]
pub(super) struct Account {
    /// What `csq_peek_next_irp` returned last, and what for. `IoCsqRemoveNextIrp` removes it under
    /// the same hold of the lock; any other removal is the timeout's, or a cancellation.
    pub(super) peeked: PIRP,
    pub(super) purpose: Purpose,
    /// Claims that wait; and [`RETIRED`], once the device goes away and nothing may stay in a queue.
    /// A new request has to look at one number for both.
    notices: u64,
    /// Requests that ever came.
    arrivals: u64,
    /// How many have ended, and the most that were ever not ended: an arrival beyond this is a new
    /// high water.
    ceiling: u64,
    /// How they have ended. In the order of [`Ending`], so that counting is an addition.
    completed: u64,
    canceled: u64,
    timed_out: u64,
    closed: u64,
    removed: u64,
    claimed: u64,
    /// Claims that ever waited.
    pub(super) claims: u64,
}

impl Account {
    pub(super) const fn new() -> Self {
        Self {
            peeked: null_mut(),
            purpose: Purpose::Move,
            notices: 0,
            claims: 0,
            arrivals: 0,
            claimed: 0,
            ceiling: 0,
            completed: 0,
            canceled: 0,
            timed_out: 0,
            closed: 0,
            removed: 0,
        }
    }

    /// Counts a new request. Returns its number.
    pub(super) fn count_arrival(&mut self) -> u64 {
        self.arrivals += 1;
        if self.arrivals > self.ceiling {
            self.ceiling = self.arrivals;
        }
        self.arrivals
    }

    /// Counts a request that has ended and was not claimed, or no longer.
    pub(super) fn count_ending(&mut self, ending: Ending) {
        self.ceiling += 1;
        match ending {
            Ending::Completed => self.completed += 1,
            Ending::Canceled => self.canceled += 1,
            Ending::TimedOut => self.timed_out += 1,
            Ending::Closed => self.closed += 1,
            Ending::Removed => self.removed += 1,
        }
    }

    /// Counts a request that goes from pending to claimed.
    pub(super) fn count_claim(&mut self) {
        self.claimed += 1;
    }

    /// Counts a request that is claimed no longer.
    pub(super) fn count_unclaim(&mut self) {
        self.claimed -= 1;
    }

    /// Whether no claim waits, and the device does not go away.
    pub(super) const fn is_calm(&self) -> bool {
        self.notices == 0
    }

    /// Nothing may stay in a queue from here on.
    pub(super) fn retire(&mut self) {
        self.notices |= RETIRED;
    }

    pub(super) const fn is_retired(&self) -> bool {
        self.notices & RETIRED != 0
    }

    /// Counts a claim that begins to wait. Returns its number.
    pub(super) fn count_waiting(&mut self) -> u64 {
        self.notices += 1;
        self.claims += 1;
        self.claims
    }

    /// Counts a claim that waits no longer.
    pub(super) fn count_waited(&mut self) {
        self.notices -= 1;
    }

    const fn waiting(&self) -> u64 {
        self.notices & !RETIRED
    }

    /// What `irp` is removed for: what it was peeked at for, or else a cancellation.
    pub(super) fn purpose_of(&mut self, irp: PIRP) -> Purpose {
        let purpose = if self.peeked == irp {
            self.purpose
        } else {
            Purpose::End(Ending::Canceled)
        };
        self.peeked = null_mut();
        purpose
    }

    /// Requests that have ended.
    const fn ended(&self) -> u64 {
        self.completed + self.canceled + self.timed_out + self.closed + self.removed
    }

    /// The account as others see it.
    pub(super) const fn tally(&self) -> Tally {
        let ended = self.ended();
        Tally {
            pended: self.arrivals,
            completed: self.completed,
            canceled: self.canceled,
            timed_out: self.timed_out,
            flushed: self.closed + self.removed,
            pending: self.arrivals - ended - self.claimed,
            claimed: self.claimed,
            high_water: self.ceiling - ended,
            waiting: self.waiting(),
            refused: 0,
        }
    }

    /// Whether nothing is in a queue.
    pub(super) const fn is_settled(&self) -> bool {
        self.arrivals == self.ended() && self.waiting() == 0
    }
}
