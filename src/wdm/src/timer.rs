//! A device's timer.
//!
//! See "Timer Objects and DPCs":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/timer-objects-and-dpcs>.

// UNSAFETY: kernel-mutated memory.
#![expect(unsafe_code, reason = "calls the kernel's timer routines")]

use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use crate::call::Call;
use crate::device_object::Header;
use crate::sys::{
    DEVICE_OBJECT, KDPC, KTIMER, KeCancelTimer, KeInitializeDpc, KeInitializeTimer, KeSetTimer,
    LARGE_INTEGER, PDEVICE_OBJECT, PKDEFERRED_ROUTINE, PVOID,
};

/// A timer, part of a device, which names it in `Device::timer`. When its time is over, `Device::expired` is called.
///
/// # Invariants
///
/// `device` is null, or the device object that it is part of. While `is_set`, a reference to its remove lock is held,
/// which the routine releases; or whoever sets `is_set` back does.
pub struct Timer {
    object: UnsafeCell<KTIMER>,
    dpc: UnsafeCell<KDPC>,
    device: AtomicPtr<DEVICE_OBJECT>,
    is_set: AtomicBool,
    _pinned: PhantomPinned,
}

// SAFETY: the two cells are the kernel's; the rest is atomic.
unsafe impl Send for Timer {}
// SAFETY: the kernel's routines may be called by any processor; the rest is atomic.
unsafe impl Sync for Timer {}

impl Timer {
    /// A timer that is not set, and cannot be before its device is there.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "as every other kernel object here"
    )]
    pub fn new() -> Self {
        Self {
            object: UnsafeCell::default(),
            dpc: UnsafeCell::default(),
            device: AtomicPtr::new(null_mut()),
            is_set: AtomicBool::new(false),
            _pinned: PhantomPinned,
        }
    }

    /// Makes it the timer of a device.
    ///
    /// # Safety
    ///
    /// It is in the extension of `device`, which nobody can reach yet; `routine` is for that, and gives back the
    /// reference that has its [`tag`](Self::tag). Called once.
    pub(crate) unsafe fn initialize(
        self: Pin<&Self>,
        device: PDEVICE_OBJECT,
        routine: PKDEFERRED_ROUTINE,
    ) {
        let this = self.get_ref();
        // SAFETY: pinned, and not set.
        unsafe { KeInitializeTimer(this.object.get()) };
        let context: PVOID = (&raw const *this).cast_mut().cast();
        // SAFETY: pinned, and not queued.
        unsafe { KeInitializeDpc(this.dpc.get(), routine, context) };
        this.device.store(device, Ordering::Release);
    }

    /// `KeSetTimer`: has `Device::expired` called after so many milliseconds. Does nothing if it is set, or
    /// the device is being removed, or does not name it.
    ///
    /// Removal of the device waits for the call, so it should be near, or be [stopped](Self::stop) in
    /// `Device::purge`.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`.
    pub fn set(self: Pin<&Self>, _call: &mut Call, milliseconds: u32) {
        /// Units of 100 ns; negative is relative.
        const MILLISECOND: i64 = -10_000;
        let device = self.device.load(Ordering::Acquire);
        if device.is_null() || self.is_set.swap(true, Ordering::AcqRel) {
            return;
        }
        // SAFETY: the caller is in a routine of the device.
        let header = unsafe { Header::of_device(device) };
        // SAFETY: the device keeps its extension, where that is.
        let lock = unsafe { &header.as_ref().remove_lock };
        if lock.acquire(self.tag()).is_err() {
            self.is_set.store(false, Ordering::Release);
            return;
        }
        let due = LARGE_INTEGER {
            QuadPart: i64::from(milliseconds) * MILLISECOND,
        };
        // SAFETY: initialized, and not set: whoever has set it back has canceled it, or runs its routine.
        unsafe { KeSetTimer(self.object.get(), due, self.dpc.get()) };
    }

    /// `KeCancelTimer`: `Device::expired` is not called, unless it is already.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`.
    pub fn stop(self: Pin<&Self>, _call: &mut Call) {
        let device = self.device.load(Ordering::Acquire);
        // SAFETY: initialized with `device`.
        if device.is_null() || unsafe { KeCancelTimer(self.object.get()) } == 0 {
            return;
        }
        self.is_set.store(false, Ordering::Release);
        // SAFETY: the caller is in a routine of the device.
        let header = unsafe { Header::of_device(device) };
        // SAFETY: taken when it was set, for the routine, which will not run.
        unsafe { Header::release(header, self.tag()) };
    }

    /// Its routine runs: it can be set again, with a reference of its own. Returns its device.
    pub(crate) fn is_over(self: Pin<&Self>) -> PDEVICE_OBJECT {
        self.is_set.store(false, Ordering::Release);
        self.device.load(Ordering::Relaxed)
    }

    /// With what its reference is tagged.
    pub(crate) fn tag(self: Pin<&Self>) -> NonNull<Self> {
        NonNull::from(self.get_ref())
    }
}
