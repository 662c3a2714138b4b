//! `KTIMER` and `KDPC`: a routine that runs once, after some time.
//!
//! See "Using Timer Objects":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-timer-objects>.

// UNSAFETY: kernel-mutated memory.
#![expect(unsafe_code, reason = "calls the kernel's timer routines")]

use core::cell::UnsafeCell;

use crate::sys::{
    KDPC, KTIMER, KeCancelTimer, KeInitializeDpc, KeInitializeTimer, KeSetTimer, LARGE_INTEGER,
    PKDEFERRED_ROUTINE, PVOID,
};

/// A timer and the deferred procedure call that it queues. Memory of zeros is one that is not set.
pub(super) struct Timer {
    timer: UnsafeCell<KTIMER>,
    dpc: UnsafeCell<KDPC>,
}

impl Timer {
    /// `KeInitializeTimer`, `KeInitializeDpc`, `KeSetTimer`: has `routine` called with `context` in
    /// `milliseconds`, at IRQL `DISPATCH_LEVEL`.
    ///
    /// # Safety
    ///
    /// The timer is in nonpaged memory and stays there until it is canceled or `routine` has
    /// returned. It is not set, and its last call of a routine is over.
    pub(super) unsafe fn set(
        &self,
        milliseconds: u32,
        routine: PKDEFERRED_ROUTINE,
        context: PVOID,
    ) {
        // SAFETY: by the caller.
        unsafe { KeInitializeTimer(self.timer.get()) };
        // SAFETY: by the caller.
        unsafe { KeInitializeDpc(self.dpc.get(), routine, context) };
        let due = LARGE_INTEGER {
            QuadPart: due_time(milliseconds),
        };
        // SAFETY: both were initialized above. The timer was not set, so nothing is returned.
        let _ = unsafe { KeSetTimer(self.timer.get(), due, self.dpc.get()) };
    }

    /// `KeCancelTimer`. Returns whether that came in time: otherwise the routine has run, runs or
    /// will run.
    ///
    /// # Safety
    ///
    /// The timer has been set once since its memory was made.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`.
    pub(super) unsafe fn cancel(&self) -> bool {
        // SAFETY: initialized, by the caller.
        unsafe { KeCancelTimer(self.timer.get()) != 0 }
    }
}

/// The due time that is `milliseconds` from now: negative, in units of 100 ns (TR-92).
const fn due_time(milliseconds: u32) -> i64 {
    -(milliseconds as i64 * 10_000)
}

// No number of milliseconds overflows.
const _: () = assert!(due_time(u32::MAX) == -42_949_672_950_000);
const _: () = assert!(due_time(1) == -10_000);
