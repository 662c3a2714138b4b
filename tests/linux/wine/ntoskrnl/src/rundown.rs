//! Rundown protection: many may hold an object, until one waits for all of them to let go.
//!
//! After <https://learn.microsoft.com/windows-hardware/drivers/kernel/run-down-protection>. The
//! word is laid out as `wdm.h` has it: bit 0 says that the rundown has begun, the rest counts.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::waiters::Waiters;

/// `EX_RUNDOWN_ACTIVE`.
const ACTIVE: usize = 1;
/// `EX_RUNDOWN_COUNT_INC`.
const ONE: usize = 2;

static WAITERS: Waiters = Waiters::new();

/// Nobody holds it, anybody may (`ExInitializeRundownProtection`,
/// `ExReInitializeRundownProtection`).
pub fn initialize(reference: &AtomicUsize) {
    reference.store(0, Ordering::SeqCst);
}

/// Takes `count` holds; false when the rundown has begun.
pub fn acquire(reference: &AtomicUsize, count: usize) -> bool {
    reference
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |word| {
            (word & ACTIVE == 0).then(|| word + count * ONE)
        })
        .is_ok()
}

/// Gives `count` holds back.
///
/// # Panics
/// If there are not that many.
pub fn release(reference: &AtomicUsize, count: usize) {
    let before = reference.fetch_sub(count * ONE, Ordering::SeqCst);
    assert!(
        before / ONE >= count,
        "rundown protection released more often than acquired"
    );
    if before - count * ONE == ACTIVE {
        WAITERS.wake();
    }
}

/// Begins the rundown and waits until nobody holds it any more.
pub fn wait(reference: &AtomicUsize) {
    reference.fetch_or(ACTIVE, Ordering::SeqCst);
    WAITERS.wait_until(|| reference.load(Ordering::SeqCst) == ACTIVE);
}

/// Marks it as run down without waiting (`ExRundownCompleted`).
pub fn complete(reference: &AtomicUsize) {
    reference.store(ACTIVE, Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn after_the_rundown_nobody_gets_it() {
        let reference = AtomicUsize::new(usize::MAX);
        initialize(&reference);
        assert!(acquire(&reference, 1));
        assert!(acquire(&reference, 2));
        release(&reference, 3);
        wait(&reference);
        assert!(!acquire(&reference, 1));
        initialize(&reference);
        assert!(acquire(&reference, 1));
    }

    #[test]
    fn the_wait_ends_with_the_last_release_and_not_before() {
        let reference = AtomicUsize::new(0);
        let ended = AtomicBool::new(false);
        assert!(acquire(&reference, 2));
        thread::scope(|scope| {
            scope.spawn(|| {
                wait(&reference);
                ended.store(true, Ordering::SeqCst);
            });
            while acquire(&reference, 1) {
                release(&reference, 1);
            }
            release(&reference, 1);
            thread::sleep(Duration::from_millis(20));
            assert!(!ended.load(Ordering::SeqCst));
            release(&reference, 1);
        });
        assert!(ended.load(Ordering::SeqCst));
    }

    #[test]
    #[should_panic(expected = "more often than acquired")]
    fn a_release_too_many_is_noticed() {
        let reference = AtomicUsize::new(0);
        assert!(acquire(&reference, 1));
        release(&reference, 1);
        release(&reference, 1);
    }

    #[test]
    fn holders_and_a_rundown_on_many_threads() {
        for _ in 0..200 {
            let reference = AtomicUsize::new(0);
            let alive = AtomicBool::new(true);
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        while acquire(&reference, 1) {
                            assert!(alive.load(Ordering::SeqCst));
                            release(&reference, 1);
                        }
                    });
                }
                wait(&reference);
                alive.store(false, Ordering::SeqCst);
            });
        }
    }
}
