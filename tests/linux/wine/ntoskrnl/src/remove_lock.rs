//! Remove locks: how many operations are under way on a device, and whether it is going.
//!
//! After <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-remove-locks>. Only the
//! common part of `IO_REMOVE_LOCK` is used, which free and checked builds share; tags are not
//! tracked.

use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::abi::{STATUS_DELETE_PENDING, STATUS_SUCCESS, Status};
use crate::waiters::Waiters;

static WAITERS: Waiters = Waiters::new();

/// The beginning of `IO_REMOVE_LOCK_COMMON_BLOCK`; its event is not needed here.
#[derive(Debug, Default)]
#[repr(C)]
pub struct RemoveLock {
    removed: AtomicBool,
    /// Operations under way, and one for the device being there.
    count: AtomicI32,
}

impl RemoveLock {
    /// The device is there, nothing is under way.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            removed: AtomicBool::new(false),
            count: AtomicI32::new(1),
        }
    }

    /// Begins an operation; `STATUS_DELETE_PENDING` when the device is going.
    pub fn acquire(&self) -> Status {
        // Counted first: whoever sees `removed` set has been counted for a moment only, and whoever
        // does not is waited for.
        self.count.fetch_add(1, Ordering::SeqCst);
        if self.removed.load(Ordering::SeqCst) {
            self.release();
            return STATUS_DELETE_PENDING;
        }
        STATUS_SUCCESS
    }

    /// Ends an operation.
    ///
    /// # Panics
    /// If none was under way.
    pub fn release(&self) {
        let before = self.count.fetch_sub(1, Ordering::SeqCst);
        assert!(before > 0, "remove lock released more often than acquired");
        if before == 1 {
            // The count of a device that is there never reaches zero.
            WAITERS.wake();
        }
    }

    /// Ends the caller's operation, lets no other begin, and waits for all to end.
    pub fn release_and_wait(&self) {
        self.removed.store(true, Ordering::SeqCst);
        self.release();
        self.release();
        WAITERS.wait_until(|| self.count.load(Ordering::SeqCst) == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn nothing_begins_once_the_device_is_going() {
        let lock = RemoveLock::new();
        assert_eq!(lock.acquire(), STATUS_SUCCESS);
        lock.release_and_wait();
        assert_eq!(lock.acquire(), STATUS_DELETE_PENDING);
        assert_eq!(lock.acquire(), STATUS_DELETE_PENDING);
    }

    #[test]
    fn the_wait_ends_with_the_last_operation() {
        let lock = RemoveLock::new();
        let ended = AtomicBool::new(false);
        assert_eq!(lock.acquire(), STATUS_SUCCESS);
        assert_eq!(lock.acquire(), STATUS_SUCCESS);
        thread::scope(|scope| {
            scope.spawn(|| {
                lock.release_and_wait();
                ended.store(true, Ordering::SeqCst);
            });
            while lock.acquire() == STATUS_SUCCESS {
                lock.release();
            }
            thread::sleep(Duration::from_millis(20));
            assert!(!ended.load(Ordering::SeqCst));
            lock.release();
        });
        assert!(ended.load(Ordering::SeqCst));
    }

    #[test]
    #[should_panic(expected = "more often than acquired")]
    fn a_release_too_many_is_noticed() {
        let lock = RemoveLock::new();
        lock.release();
        lock.release();
    }

    #[test]
    fn operations_and_a_removal_on_many_threads() {
        for _ in 0..200 {
            let lock = RemoveLock::new();
            let gone = AtomicBool::new(false);
            assert_eq!(lock.acquire(), STATUS_SUCCESS);
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        while lock.acquire() == STATUS_SUCCESS {
                            assert!(!gone.load(Ordering::SeqCst));
                            lock.release();
                        }
                    });
                }
                lock.release_and_wait();
                gone.store(true, Ordering::SeqCst);
            });
        }
    }
}
