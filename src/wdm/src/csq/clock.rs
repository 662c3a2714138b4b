//! What an IRP needs if its time is limited.

// UNSAFETY: kernel-mutated memory.
#![expect(unsafe_code, reason = "calls the kernel's timer routines")]

use core::cell::{Cell, UnsafeCell};
use core::ptr::{NonNull, null_mut};

use crate::sys::{
    IO_CSQ_IRP_CONTEXT, KDPC, KTIMER, KeCancelTimer, KeInitializeDpc, KeInitializeTimer,
    KeSetTimer, LARGE_INTEGER, PKDEFERRED_ROUTINE, PVOID,
};

/// A timer, its deferred procedure call, and the context by which that finds its IRP. One for each slot.
///
/// # Invariants
///
/// In memory that stays where it is until no timer is set and no routine runs.
pub(super) struct Clock {
    context: UnsafeCell<IO_CSQ_IRP_CONTEXT>,
    timer: UnsafeCell<KTIMER>,
    dpc: UnsafeCell<KDPC>,
    /// The slot it belongs to, and the queue its IRP is inserted into. For the routine, which knows their
    /// types.
    pub(super) slot: Cell<PVOID>,
    pub(super) queue: Cell<PVOID>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            context: UnsafeCell::default(),
            timer: UnsafeCell::default(),
            dpc: UnsafeCell::default(),
            slot: Cell::new(null_mut()),
            queue: Cell::new(null_mut()),
        }
    }

    /// For `IoCsqInsertIrp` and `IoCsqRemoveIrp`.
    pub(super) const fn context(&self) -> *mut IO_CSQ_IRP_CONTEXT {
        self.context.get()
    }

    /// `KeSetTimer`: has `routine` called with this clock after so many milliseconds.
    ///
    /// # Safety
    ///
    /// The timer is not set and its routine not running; `routine` fits the clock, whose slot and queue are
    /// set.
    pub(super) unsafe fn start(
        this: NonNull<Self>,
        milliseconds: u32,
        routine: PKDEFERRED_ROUTINE,
    ) {
        /// Units of 100 ns; negative is relative.
        const MILLISECOND: i64 = -10_000;
        let due = LARGE_INTEGER {
            QuadPart: i64::from(milliseconds) * MILLISECOND,
        };
        // SAFETY: a clock of the caller's.
        let clock = unsafe { this.as_ref() };
        // SAFETY: nobody else uses the context before the IRP is inserted.
        unsafe { *clock.context.get() = IO_CSQ_IRP_CONTEXT::default() };
        // SAFETY: not set; stays, by the type invariant.
        unsafe { KeInitializeTimer(clock.timer.get()) };
        // SAFETY: not queued; stays, by the type invariant.
        unsafe { KeInitializeDpc(clock.dpc.get(), routine, this.as_ptr().cast()) };
        // SAFETY: both initialized.
        let _ = unsafe { KeSetTimer(clock.timer.get(), due, clock.dpc.get()) };
    }

    /// `KeCancelTimer`: whether that came in time. Otherwise the routine has run, runs or will run.
    ///
    /// # Safety
    ///
    /// The timer has been started.
    pub(super) unsafe fn stop(&self) -> bool {
        // SAFETY: initialized when it was started.
        unsafe { KeCancelTimer(self.timer.get()) != 0 }
    }
}
