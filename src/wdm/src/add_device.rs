//! `AddDevice`: makes a functional device object and puts it into the stack of its physical device.
//!
//! See "Writing an `AddDevice` Routine":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/writing-an-adddevice-routine>.

// UNSAFETY: builds an object in memory that the I/O manager allocates.
#![expect(
    unsafe_code,
    reason = "creates device objects and initializes their extensions"
)]

use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr::null_mut;

use crate::deferred::{expired, work};
use crate::device::{Device, Transfers, try_each};
use crate::device_object::{Extension, Header, delete_link, is_within};
use crate::handles::Handles;
use crate::lifecycle::Lifecycle;
use crate::name::{self, ObjectName};
use crate::remove_lock::RemoveLock;
use crate::status::NtStatus;
use crate::sys::{
    DO_BUFFERED_IO, DO_DEVICE_INITIALIZING, DO_DIRECT_IO, DO_POWER_INRUSH, DO_POWER_PAGABLE,
    FILE_DEVICE_SECURE_OPEN, FILE_DEVICE_UNKNOWN, IoAttachDeviceToDeviceStackSafe, IoCreateDevice,
    IoCreateSymbolicLink, IoDeleteDevice, IoRegisterDeviceInterface, PDEVICE_OBJECT,
    PDRIVER_OBJECT, RtlFreeUnicodeString, UNICODE_STRING, size_in_u32,
};

/// A device extension's memory is aligned like this: `MEMORY_ALLOCATION_ALIGNMENT`.
const EXTENSION_ALIGNMENT: usize = 16;

/// Makes the device object for `physical`. On failure everything done so far is undone (TR-76).
///
/// # Errors
///
/// What a kernel routine or [`Device::initialize`] returns.
///
/// # Safety
///
/// Called for the Plug and Play manager's `AddDevice` call with these arguments.
///
/// # Context
///
/// IRQL `PASSIVE_LEVEL`.
pub(crate) unsafe fn add_device<D: Device>(
    driver: PDRIVER_OBJECT,
    physical: PDEVICE_OBJECT,
) -> Result<(), NtStatus> {
    // SAFETY: the Plug and Play manager passes this driver's driver object.
    let this = unsafe { create::<D>(driver) }?;
    // SAFETY: just made, with an extension for a `D`.
    let built = unsafe { build::<D>(this) }.and_then(|device| {
        // SAFETY: built; `physical` by the caller.
        let published = unsafe { publish::<D>(this, physical) };
        if published.is_err() {
            // SAFETY: nobody could reach the device.
            unsafe { free_work_item(device) };
        }
        published
    });
    if built.is_err() {
        // SAFETY: made above and attached to nothing.
        unsafe { IoDeleteDevice(this) };
    }
    built
}

/// `IoCreateDevice`, with the device's name if it has one.
///
/// # Safety
///
/// `driver` is this driver's driver object.
unsafe fn create<D: Device>(driver: PDRIVER_OBJECT) -> Result<PDEVICE_OBJECT, NtStatus> {
    const {
        assert!(align_of::<Extension<D>>() <= EXTENSION_ALIGNMENT);
        if let Some(name) = D::NAME {
            assert!(
                name::is_valid(name),
                "a device's name is ASCII, at most 40 characters"
            );
        }
    };
    let size = const { size_in_u32::<Extension<D>>() };
    let mut this: PDEVICE_OBJECT = null_mut();
    let name = D::NAME.map(ObjectName::of_device);
    let mut name: Option<UNICODE_STRING> = name.as_ref().map(ObjectName::as_unicode_string);
    let name = name.as_mut().map_or(null_mut(), |name| &raw mut *name);
    // SAFETY: the driver's own driver object; the name is null, or there for the time of the call.
    let status = unsafe {
        IoCreateDevice(
            driver,
            size,
            name,
            FILE_DEVICE_UNKNOWN,
            FILE_DEVICE_SECURE_OPEN,
            0,
            &raw mut this,
        )
    };
    NtStatus::check(status).map(|()| this)
}

/// Initializes the extension. Returns the device in it.
///
/// # Safety
///
/// `this` is a fresh device object with an extension for `D`, and stays for `'a`.
unsafe fn build<'a, D: Device>(this: PDEVICE_OBJECT) -> Result<Pin<&'a D>, NtStatus> {
    // SAFETY: a device object that is alive.
    let header = unsafe { Header::of_device(this) };
    let extension = header.cast::<Extension<D>>().as_ptr();
    // SAFETY: the extension's memory, which the I/O manager has zeroed.
    let device = unsafe { &raw mut (*extension).device };
    // SAFETY: memory for a device, aligned as `create` asserts.
    unsafe { device.write(ManuallyDrop::new(D::new())) };
    // SAFETY: just initialized.
    let device: &'a D = unsafe { &*device };
    // SAFETY: an extension does not move, and its device is never dropped.
    let device = unsafe { Pin::new_unchecked(device) };
    device.initialize()?;
    try_each(device, |queue| queue.register(device))?;

    let header = header.as_ptr();
    // SAFETY: the extension's memory.
    let lifecycle = unsafe { &raw mut (*header).lifecycle };
    // SAFETY: memory for it.
    unsafe { lifecycle.write(Lifecycle::new()) };
    // SAFETY: the extension's memory.
    let handles = unsafe { &raw mut (*header).handles };
    // SAFETY: memory for them.
    unsafe { handles.write(Handles::new()) };
    // SAFETY: the extension's memory.
    let remove_lock = unsafe { &raw mut (*header).remove_lock };
    // SAFETY: nonpaged, and not in use before the device is attached.
    unsafe { RemoveLock::initialize(remove_lock) };
    // SAFETY: the extension's memory.
    unsafe { (*header).this = this };
    if let Some(timer) = device.timer().filter(|timer| is_part(device, *timer)) {
        // SAFETY: a part of this device, which nobody can reach yet.
        unsafe { timer.initialize(this, Some(expired::<D>)) };
    }
    if let Some(item) = device.work_item().filter(|item| is_part(device, *item)) {
        // SAFETY: a part of this device, which nobody can reach yet.
        unsafe { item.initialize(this, work::<D>) }?;
    }
    Ok(device)
}

/// Gives back what the device's work item has.
///
/// # Safety
///
/// As for [`WorkItem::free`](crate::WorkItem).
pub(crate) unsafe fn free_work_item<D: Device>(device: Pin<&D>) {
    if let Some(item) = device.work_item().filter(|item| is_part(device, *item)) {
        // SAFETY: the item is not queued: the remove lock has waited for its reference.
        unsafe { item.free() };
    }
}

/// Whether it is of this device, and not of another that somebody knows.
fn is_part<D, T>(device: Pin<&D>, part: Pin<&T>) -> bool {
    is_within(device.get_ref(), part.get_ref())
}

/// Gives the device its interface and its link, and puts it into the stack.
///
/// # Safety
///
/// `this` is built for a `D`; `physical` is its physical device.
unsafe fn publish<D: Device>(
    this: PDEVICE_OBJECT,
    physical: PDEVICE_OBJECT,
) -> Result<(), NtStatus> {
    // SAFETY: a device object that is alive.
    let header = unsafe { Header::of_device(this) }.as_ptr();
    // SAFETY: the extension's memory.
    let interface = unsafe { &raw mut (*header).interface };
    if let Some(class) = const { &D::INTERFACE } {
        // SAFETY: `physical` is a physical device, by the caller.
        let status =
            unsafe { IoRegisterDeviceInterface(physical, class.guid(), null_mut(), interface) };
        NtStatus::check(status)?;
    }
    // SAFETY: as this function's.
    let published = link_to_name(D::NAME).and_then(|()| unsafe { attach::<D>(this, physical) });
    if published.is_err() {
        delete_link(D::NAME);
        // SAFETY: from `IoRegisterDeviceInterface`, or empty, and not used again.
        unsafe { RtlFreeUnicodeString(interface) };
    }
    published
}

/// `IoCreateSymbolicLink`: lets programs find a device by its name.
fn link_to_name(name: Option<&'static str>) -> Result<(), NtStatus> {
    let Some(name) = name else {
        return Ok(());
    };
    let (link, device) = (ObjectName::for_programs(name), ObjectName::of_device(name));
    let (mut link, mut device) = (link.as_unicode_string(), device.as_unicode_string());
    // SAFETY: both are there for the time of the call.
    NtStatus::check(unsafe { IoCreateSymbolicLink(&raw mut link, &raw mut device) })
}

/// Puts the device into the stack. From here on it can be reached (INV-01, TR-75).
///
/// # Safety
///
/// As for [`publish`].
unsafe fn attach<D: Device>(
    this: PDEVICE_OBJECT,
    physical: PDEVICE_OBJECT,
) -> Result<(), NtStatus> {
    // SAFETY: a device object that is alive.
    let header = unsafe { Header::of_device(this) }.as_ptr();
    // SAFETY: the extension's memory.
    let lower = unsafe { &raw mut (*header).lower };
    // An IRP can come from above as soon as the device is attached, so the routine stores `lower` before.
    // SAFETY: both device objects are alive; `lower` is null, and in place for as long as the device.
    let status = unsafe { IoAttachDeviceToDeviceStackSafe(this, physical, lower) };
    NtStatus::check(status)?;
    let mut flags = match D::TRANSFERS {
        Some(Transfers::Buffered) => DO_BUFFERED_IO,
        Some(Transfers::Direct) => DO_DIRECT_IO,
        None => 0,
    };
    if D::ROLE.is_filter() {
        // SAFETY: attached, so set, and alive.
        let lower = unsafe { *lower };
        // SAFETY: this device is attached to it, so it is alive.
        flags = unsafe { (*lower).Flags }
            & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_POWER_PAGABLE | DO_POWER_INRUSH);
        // SAFETY: this device is attached to it, so it is alive.
        let kind = unsafe { (*lower).DeviceType };
        // SAFETY: this driver's own device object.
        unsafe { (*this).DeviceType = kind };
        // SAFETY: the device below.
        let characteristics = unsafe { (*lower).Characteristics };
        // SAFETY: this driver's own device object.
        unsafe { (*this).Characteristics |= characteristics };
    } else {
        // Nothing in it waits at a raised IRQL for power.
        flags |= DO_POWER_PAGABLE;
    }
    // SAFETY: this driver's own device object.
    unsafe { (*this).Flags |= flags };
    // SAFETY: this driver's own device object, and complete.
    unsafe { (*this).Flags &= !DO_DEVICE_INITIALIZING };
    Ok(())
}
