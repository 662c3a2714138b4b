//! Events by which threads of a scenario wait for each other.

use crate::ddi::ke::dispatcher::{KeInitializeEvent, KeSetEvent, wait};
use crate::world;

/// A notification event, which stays signaled.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    address: usize,
}

/// `sizeof(KEVENT)`.
const SIZE: usize = 0x18;

impl Event {
    /// An event that is not signaled; `None` if there is no memory left for this run.
    #[must_use]
    pub fn new() -> Option<Self> {
        let address = world::allocate(SIZE, 0)?;
        KeInitializeEvent(address, 0, 0);
        Some(Self { address })
    }

    /// Signals it.
    pub fn set(self) {
        KeSetEvent(self.address, 0, 0);
    }

    /// Waits until it is signaled.
    pub fn wait(self) {
        wait(self.address, false);
    }
}
