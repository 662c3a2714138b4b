//! What both queues of a device share: their lock guards it.

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, Ordering};

use csq_protocol::status;
use pin_project_lite::pin_project;
use wdm::csq::{Domain, Held, InOwner, InQueue, List};
use wdm::trace::DeviceEvents;
use wdm::{Control, NtStatus};

use crate::device::Csq;
use crate::reason::Reason;
use crate::statistics::{Counters, Outstanding};

/// With what a request is refused that is one too many.
pub const QUOTA_EXCEEDED: NtStatus = NtStatus::from_code(status::QUOTA_EXCEEDED);

/// The requests, in [`crate::pending`], and the claims that wait for one, in [`crate::waiting`].
pub enum Queues {}

impl Domain for Queues {
    type Device = Csq;
    type Kind = Control;
    type State = State;
    type Request = Request;
}

pin_project! {
    /// What the lock guards.
    pub struct State {
        // Requests that nobody has claimed, by arrival.
        #[pin]
        pub pending: List<Queues, InQueue>,
        // Requests whose reason to end is recorded, until somebody completes them.
        #[pin]
        pub ending: List<Queues, InQueue>,
        // Claims that wait.
        #[pin]
        pub waiting: List<Queues, InQueue>,
        pub waiting_count: Cell<u64>,
        pub is_purged: Cell<bool>,
        pub handle_limit: Cell<u32>,
        pub counters: Counters,
        pub events: DeviceEvents,
    }
}

pin_project! {
    /// An open handle. The lock guards all of it.
    pub struct File {
        #[pin]
        pub requests: List<Queues, InOwner>,
        #[pin]
        pub claims: List<Queues, InOwner>,
        // The requests that it has claimed.
        #[pin]
        pub served: List<Queues, InQueue>,
        pub outstanding: Outstanding,
        is_closing: AtomicBool,
    }
}

/// What is kept for a request, or a claim that waits.
#[derive(Default)]
pub struct Request {
    /// The order of arrival.
    pub number: Cell<u64>,
    /// Why it ends, once that is decided.
    pub reason: Cell<Option<Reason>>,
    pub is_claimed: Cell<bool>,
    pub is_claim: Cell<bool>,
}

impl State {
    pub const fn new(events: DeviceEvents) -> Self {
        Self {
            pending: List::new(),
            ending: List::new(),
            waiting: List::new(),
            waiting_count: Cell::new(0),
            is_purged: Cell::new(false),
            handle_limit: Cell::new(0),
            counters: Counters::new(),
            events,
        }
    }
}

impl File {
    pub const fn new() -> Self {
        Self {
            requests: List::new(),
            claims: List::new(),
            served: List::new(),
            outstanding: Outstanding::new(),
            is_closing: AtomicBool::new(false),
        }
    }

    /// No request of this handle, and no claim, is taken from here on.
    pub fn close(&self, _held: &Held<'_, Queues>) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    /// Counts a request or claim, unless there are as many as the handle may have (TR-24, TR-88).
    ///
    /// # Errors
    ///
    /// `STATUS_QUOTA_EXCEEDED`; `STATUS_DEVICE_REMOVED` and `STATUS_FILE_CLOSED` if device or handle take none.
    pub fn admit(&self, held: &Held<'_, Queues>) -> Result<(), NtStatus> {
        match self.reason_to_end(held) {
            None => {}
            Some(Reason::Removed) => return Err(NtStatus::DEVICE_REMOVED),
            Some(_) => return Err(NtStatus::FILE_CLOSED),
        }
        let limit = held.state().handle_limit.get();
        if self.outstanding.count(held, limit) {
            Ok(())
        } else {
            Err(QUOTA_EXCEEDED)
        }
    }

    /// Why a request of this handle that comes now would end at once.
    #[inline]
    pub fn reason_to_end(&self, held: &Held<'_, Queues>) -> Option<Reason> {
        if held.state().is_purged.get() {
            Some(Reason::Removed)
        } else if self.is_closing.load(Ordering::Relaxed) {
            Some(Reason::Closed)
        } else {
            None
        }
    }
}
