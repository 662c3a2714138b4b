//! What a device does at `PASSIVE_LEVEL`, asked for at any other.
//!
//! See "System Worker Threads":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/system-worker-threads>.

// UNSAFETY: an object of the I/O manager's.
#![expect(unsafe_code, reason = "calls the I/O manager's work item routines")]

use core::mem::transmute;
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use crate::call::Call;
use crate::device_object::Header;
use crate::status::NtStatus;
use crate::sys::{
    _IO_WORKITEM, DELAYED_WORK_QUEUE, DEVICE_OBJECT, IoAllocateWorkItem, IoFreeWorkItem,
    IoQueueWorkItem, PDEVICE_OBJECT, PVOID,
};

/// What the I/O manager calls.
type Routine = unsafe extern "C" fn(PDEVICE_OBJECT, PVOID);

/// A work item, part of a device, which names it in `Device::work_item`. After it was queued, `Device::work` is
/// called.
///
/// # Invariants
///
/// `device` is null, or the device object that it is part of, `item` an item for that, and `routine` a `Routine`. While `is_queued`, a
/// reference to the remove lock is held, which the routine releases.
pub struct WorkItem {
    device: AtomicPtr<DEVICE_OBJECT>,
    item: AtomicPtr<_IO_WORKITEM>,
    is_queued: AtomicBool,
    routine: AtomicPtr<()>,
}

impl WorkItem {
    /// A work item that is not queued, and cannot be before its device is there.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "const")]
    pub const fn new() -> Self {
        Self {
            device: AtomicPtr::new(null_mut()),
            item: AtomicPtr::new(null_mut()),
            is_queued: AtomicBool::new(false),
            routine: AtomicPtr::new(null_mut()),
        }
    }

    /// `IoAllocateWorkItem`: makes it the work item of a device.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    ///
    /// # Safety
    ///
    /// It is in the extension of `device`, which nobody can reach yet; `routine` is for that, and gives back the
    /// reference, which is tagged with the work item. Called once.
    pub(crate) unsafe fn initialize(
        &self,
        device: PDEVICE_OBJECT,
        routine: Routine,
    ) -> Result<(), NtStatus> {
        // SAFETY: this driver's device.
        let item = unsafe { IoAllocateWorkItem(device) };
        if item.is_null() {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        self.item.store(item, Ordering::Relaxed);
        self.routine.store(routine as *mut (), Ordering::Relaxed);
        // INVARIANT: by the caller.
        self.device.store(device, Ordering::Release);
        Ok(())
    }

    /// `IoFreeWorkItem`, if there is one.
    ///
    /// # Safety
    ///
    /// The remove lock has been waited for, or nobody could reach the device.
    pub(crate) unsafe fn free(&self) {
        let item = self.item.swap(null_mut(), Ordering::Relaxed);
        if !item.is_null() {
            // SAFETY: not queued, by the caller, and not used again.
            unsafe { IoFreeWorkItem(item) };
        }
    }

    /// Its routine runs: it can be queued again, with a reference of its own.
    pub(crate) fn is_over(&self) {
        self.is_queued.store(false, Ordering::Release);
    }

    /// `IoQueueWorkItem`: has `Device::work` called soon. Does nothing if it is queued, or the device is being
    /// removed, or does not name it.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`.
    pub fn queue(self: Pin<&Self>, _call: &mut Call) {
        let device = self.device.load(Ordering::Acquire);
        if device.is_null() || self.is_queued.swap(true, Ordering::AcqRel) {
            return;
        }
        // SAFETY: the caller is in a routine of the device.
        let header = unsafe { Header::of_device(device) };
        // SAFETY: the device keeps its extension, where that is.
        let lock = unsafe { &header.as_ref().remove_lock };
        let this = self.get_ref();
        if lock.acquire(NonNull::from(this)).is_err() {
            self.is_queued.store(false, Ordering::Release);
            return;
        }
        // SAFETY: stored by `initialize`, before `device`.
        let routine: Routine = unsafe { transmute(self.routine.load(Ordering::Relaxed)) };
        let context: PVOID = (&raw const *this).cast_mut().cast();
        let item = self.item.load(Ordering::Relaxed);
        // SAFETY: the device's item, and not queued: its routine has begun, or it never was.
        unsafe { IoQueueWorkItem(item, Some(routine), DELAYED_WORK_QUEUE, context) };
    }
}
