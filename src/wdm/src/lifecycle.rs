//! Where a device is between `AddDevice` and its removal.
//!
//! ```text
//! NotStarted ── START ──► Started ── QUERY_STOP ──► StopPending ── STOP ──► Stopped
//!                         │  ▲ ▲                        │                      │
//!                         │  │ └────── CANCEL_STOP ─────┘                      │
//!            QUERY_REMOVE │  ├───────────────────── START ─────────────────────┘
//!                         ▼  │ CANCEL_REMOVE
//!                   RemovePending ── REMOVE ──► Removed
//!                                                  ▲
//!      any ── SURPRISE_REMOVAL ──► SurpriseRemoved ┘ REMOVE
//! ```
//!
//! See "State Transitions for PnP Devices":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/state-transitions-for-pnp-devices>.

use core::sync::atomic::{AtomicU8, Ordering};

use crate::status::NtStatus;

/// A Plug and Play state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Added, and not started yet.
    NotStarted,
    /// At work. Only in this state are handles opened and requests taken.
    Started,
    /// Asked whether it may be stopped.
    StopPending,
    /// Stopped; it will be started again, or removed.
    Stopped,
    /// Asked whether it may be removed.
    RemovePending,
    /// Gone without having been asked.
    SurpriseRemoved,
    /// Gone.
    Removed,
}

impl State {
    const ALL: [Self; 7] = [
        Self::NotStarted,
        Self::Started,
        Self::StopPending,
        Self::Stopped,
        Self::RemovePending,
        Self::SurpriseRemoved,
        Self::Removed,
    ];

    fn from_number(number: u8) -> Self {
        // No other numbers are stored.
        let state = Self::ALL.get(usize::from(number));
        state.copied().unwrap_or(Self::Removed)
    }
}

/// The state of a device, and the one before, to go back to when a query is canceled. Only Plug and Play
/// IRPs change it, and those come one after the other.
pub(crate) struct Lifecycle {
    now: AtomicU8,
    before: AtomicU8,
}

impl Lifecycle {
    pub(crate) const fn new() -> Self {
        Self {
            now: AtomicU8::new(State::NotStarted as u8),
            before: AtomicU8::new(State::NotStarted as u8),
        }
    }

    /// With what to refuse a new handle or request; `None` if it is welcome.
    #[inline]
    pub(crate) fn refusal(&self) -> Option<NtStatus> {
        let state = self.now.load(Ordering::Acquire);
        if state == State::Started as u8 {
            return None;
        }
        Some(refusal_in(state))
    }

    /// Whether the device is gone for good, although handles may still be open.
    #[inline]
    pub(crate) fn is_gone(&self) -> bool {
        self.now.load(Ordering::Acquire) >= State::SurpriseRemoved as u8
    }

    pub(crate) fn is(&self, state: State) -> bool {
        self.now.load(Ordering::Acquire) == state as u8
    }

    /// Goes to a state. Returns the one it left.
    pub(crate) fn enter(&self, state: State) -> State {
        let before = self.now.swap(state as u8, Ordering::AcqRel);
        self.before.store(before, Ordering::Relaxed);
        State::from_number(before)
    }

    /// Goes back to the state before the last change. Returns that.
    pub(crate) fn go_back(&self) -> State {
        let before = self.before.load(Ordering::Relaxed);
        self.now.store(before, Ordering::Release);
        State::from_number(before)
    }
}

/// With what a device that is not started refuses. One that is asked whether it may be removed can come back,
/// so it is not gone yet. Not inlined: most of the time it is started.
#[cold]
fn refusal_in(state: u8) -> NtStatus {
    if state >= State::SurpriseRemoved as u8 {
        NtStatus::DEVICE_REMOVED
    } else {
        NtStatus::DEVICE_NOT_READY
    }
}
