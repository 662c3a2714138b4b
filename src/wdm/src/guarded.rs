//! A value that a spin lock guards.

// UNSAFETY: lends out what a spin lock guards.
#![expect(unsafe_code, reason = "lends out what a spin lock guards")]

use core::cell::UnsafeCell;

use crate::call::Call;
use crate::spin_lock::RawSpinLock;

/// A value that one thread at a time uses, as part of a device.
///
/// Not for what the functions of a [`Discipline`](crate::csq::Discipline) need: they run with a lock held, and have
/// the state of their [`Domain`](crate::csq::Domain).
pub struct Guarded<T> {
    lock: RawSpinLock,
    value: UnsafeCell<T>,
}

// SAFETY: the value is used with the lock held only, by one thread after the other.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    /// A value that nobody uses.
    pub const fn new(value: T) -> Self {
        Self {
            lock: RawSpinLock::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Holds the lock while `work` runs, at `DISPATCH_LEVEL`.
    pub fn hold<R>(&self, _call: &mut Call, work: impl FnOnce(&mut T) -> R) -> R {
        let saved = self.lock.acquire();
        // SAFETY: the lock is held, and `work` cannot take it again: it has no `Call`.
        let result = work(unsafe { &mut *self.value.get() });
        // SAFETY: taken above, at this IRQL.
        unsafe { self.lock.release(saved) };
        result
    }
}
