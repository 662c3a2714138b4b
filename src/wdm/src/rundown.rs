//! `EX_RUNDOWN_REF`: a door that many may hold open, and one may close for good after the last has
//! passed.
//!
//! See "Run-Down Protection":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/run-down-protection>.

// UNSAFETY: kernel-mutated memory.
#![expect(unsafe_code, reason = "calls the kernel's rundown routines")]

use core::cell::UnsafeCell;

use crate::sys::{
    EX_RUNDOWN_REF, ExAcquireRundownProtection, ExInitializeRundownProtection,
    ExReleaseRundownProtection, ExWaitForRundownProtectionRelease,
};

/// Rundown protection.
///
/// # Invariants
///
/// `raw` is initialized from [`initialize`](Self::initialize) on.
pub(crate) struct Rundown {
    raw: UnsafeCell<EX_RUNDOWN_REF>,
}

// SAFETY: the kernel's rundown routines synchronize their accesses to `raw`.
unsafe impl Send for Rundown {}
// SAFETY: as above.
unsafe impl Sync for Rundown {}

impl Rundown {
    /// Memory for a rundown; nothing may be done with it before [`initialize`](Self::initialize).
    pub(crate) fn new() -> Self {
        Self {
            raw: UnsafeCell::new(EX_RUNDOWN_REF::default()),
        }
    }

    /// `ExInitializeRundownProtection`: opens the door.
    pub(crate) fn initialize(&self) {
        // SAFETY: the memory is this object's. INVARIANT: from here on it is initialized.
        unsafe { ExInitializeRundownProtection(self.raw.get()) };
    }

    /// `ExAcquireRundownProtection`: passes the door, unless it is closed.
    ///
    /// # Context
    ///
    /// Any IRQL at which the memory is resident; the object is in nonpaged memory.
    pub(crate) fn enter(&self) -> bool {
        // SAFETY: initialized, by the type invariant.
        unsafe { ExAcquireRundownProtection(self.raw.get()) != 0 }
    }

    /// `ExReleaseRundownProtection`. From here on the caller may no longer rely on anything that
    /// the door protects, this object included.
    ///
    /// # Safety
    ///
    /// Pays for one [`enter`](Self::enter) that returned true.
    pub(crate) unsafe fn leave(this: *const Self) {
        // SAFETY: the object lives while somebody is inside, and the caller is.
        let raw = unsafe { (*this).raw.get() };
        // SAFETY: by the caller.
        unsafe { ExReleaseRundownProtection(raw) };
    }

    /// `ExWaitForRundownProtectionRelease`: closes the door and waits until everybody has left.
    ///
    /// # Context
    ///
    /// IRQL <= `APC_LEVEL`; waits.
    pub(crate) fn close(&self) {
        // SAFETY: initialized, by the type invariant.
        unsafe { ExWaitForRundownProtectionRelease(self.raw.get()) };
    }
}
