//! What the kernel calls for a device's timer and work item.

// UNSAFETY: is called by the kernel with raw pointers.
#![expect(unsafe_code, reason = "is called by the kernel with raw pointers")]

use core::pin::Pin;
use core::ptr::NonNull;

use crate::call::Call;
use crate::device::Device;
use crate::device_object::{Fdo, Header};
use crate::sys::{KDPC, PDEVICE_OBJECT, PVOID};
use crate::timer::Timer;
use crate::work_item::WorkItem;

/// Tells the device that its timer's time is over.
///
/// # Context
///
/// `DISPATCH_LEVEL`, in any thread. The timer's reference keeps the device; removal flushes what comes after that.
///
/// # Safety
///
/// Called only by the kernel, with the timer of a device whose state is a `D`.
pub(crate) unsafe extern "C" fn expired<D: Device>(
    _dpc: *mut KDPC,
    timer: PVOID,
    _first: PVOID,
    _second: PVOID,
) {
    // SAFETY: given with the routine.
    let timer = unsafe { &*timer.cast::<Timer>() };
    // SAFETY: in a device extension, which does not move.
    let timer = unsafe { Pin::new_unchecked(timer) };
    let (device, tag) = (timer.is_over(), timer.tag());
    // SAFETY: the timer's reference keeps it.
    let fdo = unsafe { Fdo::<D>::of(device) };
    // SAFETY: a deferred procedure call, with no lock held.
    let mut call = unsafe { Call::at_dispatch_level() };
    fdo.device().expired(&mut call);
    // SAFETY: the timer's reference keeps it until the end of this.
    let header = unsafe { Header::of_device(device) };
    // SAFETY: taken when it was set.
    unsafe { Header::release(header, tag) };
}

/// Has the device do what its work item is for.
///
/// # Context
///
/// IRQL `PASSIVE_LEVEL`, in a system thread. The work item's reference keeps the device, and the I/O manager keeps the
/// device object, and so the driver, until this has returned.
///
/// # Safety
///
/// Called only by the kernel, with the work item of a device whose state is a `D`.
pub(crate) unsafe extern "C" fn work<D: Device>(device: PDEVICE_OBJECT, item: PVOID) {
    // SAFETY: given with the routine.
    let item = unsafe { &*item.cast::<WorkItem>() };
    item.is_over();
    let tag = NonNull::from(item);
    // SAFETY: the work item's reference keeps it.
    let fdo = unsafe { Fdo::<D>::of(device) };
    // SAFETY: a system thread's routine, with no lock held.
    let mut call = unsafe { Call::begin() };
    fdo.device().work(&mut call);
    // SAFETY: the work item's reference keeps it until the end of this.
    let header = unsafe { Header::of_device(device) };
    // SAFETY: taken when it was queued.
    unsafe { Header::release(header, tag) };
}
