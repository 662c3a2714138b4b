//! Why a request ends.

use wdm::NtStatus;

/// Why a request, or a claim that waits, ends. Decided once, under the lock: the first to end it records the
/// reason, which gives its status and its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is answered. The answer has a status of its own.
    Completed,
    /// The system or its owner cancels it.
    Canceled,
    /// Its time is over.
    TimedOut,
    /// Its handle is closed.
    Closed,
    /// Its device goes away.
    Removed,
}

impl Reason {
    /// The status that it ends with.
    pub const fn status(self) -> NtStatus {
        match self {
            Self::Completed => NtStatus::SUCCESS,
            Self::Canceled | Self::Closed => NtStatus::CANCELLED,
            Self::TimedOut => NtStatus::IO_TIMEOUT,
            Self::Removed => NtStatus::DEVICE_REMOVED,
        }
    }
}
