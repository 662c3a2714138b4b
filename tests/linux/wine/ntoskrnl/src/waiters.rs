//! Waiting until a word of the driver's memory says so.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Threads that wait for a condition on memory which another thread changes without a lock.
///
/// It stands apart from that memory: as soon as the condition holds, the waiter may free it.
#[derive(Debug, Default)]
pub struct Waiters {
    lock: Mutex<()>,
    changed: Condvar,
}

impl Waiters {
    /// Nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lock: Mutex::new(()),
            changed: Condvar::new(),
        }
    }

    /// Blocks until `holds` returns true.
    pub fn wait_until(&self, mut holds: impl FnMut() -> bool) {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(guard, |()| !holds()));
    }

    /// The same, but for `limit` at most; whether the condition holds.
    pub fn wait_for(&self, limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(guard, limit, |()| !holds());
        let (_guard, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
        !outcome.timed_out()
    }

    /// Makes the waiting threads look again. To be called after each change that can make a
    /// condition hold.
    pub fn wake(&self) {
        // Taken and let go, so that no waiter is between looking and sleeping.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}
