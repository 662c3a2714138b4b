//! File objects and the handles to them.

/// One file object.
#[derive(Clone, Debug, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each says what has happened")]
pub struct File {
    /// Its address.
    pub address: usize,
    /// The device it was opened on.
    pub device: usize,
    /// Handles that are open. Duplicates count.
    pub handles: usize,
    /// Whether the last handle is gone and `IRP_MJ_CLEANUP` was sent, or is about to be.
    pub cleaned_up: bool,
    /// Whether `IRP_MJ_CLEANUP` has come back.
    pub cleanup_done: bool,
    /// Whether `IRP_MJ_CLOSE` was sent, or is about to be.
    pub closing: bool,
    /// Whether `IRP_MJ_CLOSE` has come back.
    pub closed: bool,
    /// Whether a request of its own asked the driver to cancel its requests.
    pub cancel_asked: bool,
    /// Whether its requests come one at a time.
    pub synchronous: bool,
    /// Whether one is on its way.
    pub busy: bool,
    /// Whether `IRP_MJ_CREATE` failed.
    pub refused: bool,
}

/// All file objects ever made, by number.
pub type Files = Vec<File>;
