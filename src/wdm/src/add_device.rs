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

use crate::device::Device;
use crate::device_object::{Extension, Header};
use crate::lifecycle::Lifecycle;
use crate::remove_lock::RemoveLock;
use crate::status::NtStatus;
use crate::sys::{
    DO_DEVICE_INITIALIZING, DO_POWER_PAGABLE, FILE_DEVICE_SECURE_OPEN, FILE_DEVICE_UNKNOWN,
    IoAttachDeviceToDeviceStackSafe, IoCreateDevice, IoDeleteDevice, IoRegisterDeviceInterface,
    PDEVICE_OBJECT, PDRIVER_OBJECT, RtlFreeUnicodeString, size_in_u32,
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
    const { assert!(align_of::<Extension<D>>() <= EXTENSION_ALIGNMENT) };
    let size = const { size_in_u32::<Extension<D>>() };
    let mut this: PDEVICE_OBJECT = null_mut();
    // SAFETY: the driver's own driver object. The device has no name: it is found by its interface.
    let status = unsafe {
        IoCreateDevice(
            driver,
            size,
            null_mut(),
            FILE_DEVICE_UNKNOWN,
            FILE_DEVICE_SECURE_OPEN,
            0,
            &raw mut this,
        )
    };
    NtStatus::check(status)?;
    // SAFETY: just made, with an extension of that size; `physical` by the caller.
    let built = unsafe { build::<D>(this, physical) };
    if built.is_err() {
        // SAFETY: made above and attached to nothing.
        unsafe { IoDeleteDevice(this) };
    }
    built
}

/// The second half of [`add_device`].
///
/// # Safety
///
/// `this` is a fresh device object with an extension for `D`; `physical` is its physical device.
unsafe fn build<D: Device>(this: PDEVICE_OBJECT, physical: PDEVICE_OBJECT) -> Result<(), NtStatus> {
    // SAFETY: a device object that is alive.
    let header = unsafe { Header::of_device(this) };
    let extension = header.cast::<Extension<D>>().as_ptr();
    // SAFETY: the extension's memory, which the I/O manager has zeroed.
    let device = unsafe { &raw mut (*extension).device };
    // SAFETY: memory for a device, aligned as `add_device` asserts.
    unsafe { device.write(ManuallyDrop::new(D::new())) };
    // SAFETY: just initialized.
    let device: &D = unsafe { &*device };
    // SAFETY: an extension does not move, and its device is never dropped.
    unsafe { Pin::new_unchecked(device) }.initialize()?;

    let header = header.as_ptr();
    // SAFETY: the extension's memory.
    let lifecycle = unsafe { &raw mut (*header).lifecycle };
    // SAFETY: memory for it.
    unsafe { lifecycle.write(Lifecycle::new()) };
    // SAFETY: the extension's memory.
    let remove_lock = unsafe { &raw mut (*header).remove_lock };
    // SAFETY: nonpaged, and not in use before the device is attached.
    unsafe { RemoveLock::initialize(remove_lock) };
    // SAFETY: the extension's memory.
    unsafe { (*header).this = this };

    // SAFETY: the extension's memory.
    let interface = unsafe { &raw mut (*header).interface };
    let class = const { &D::INTERFACE };
    // SAFETY: `physical` is a physical device, by the caller.
    let status =
        unsafe { IoRegisterDeviceInterface(physical, class.guid(), null_mut(), interface) };
    NtStatus::check(status)?;

    // SAFETY: the extension's memory.
    let lower = unsafe { &raw mut (*header).lower };
    // An IRP can come from above as soon as the device is attached, so the routine stores `lower` before.
    // SAFETY: both device objects are alive; `lower` is null, and in place for as long as the device.
    let status = unsafe { IoAttachDeviceToDeviceStackSafe(this, physical, lower) };
    if let Err(status) = NtStatus::check(status) {
        // SAFETY: from `IoRegisterDeviceInterface`, and not used again.
        unsafe { RtlFreeUnicodeString(interface) };
        return Err(status);
    }
    // SAFETY: this driver's own device object. Nothing in it waits at a raised IRQL for power.
    unsafe { (*this).Flags |= DO_POWER_PAGABLE };
    // SAFETY: as above. From here on the device can be reached (INV-01, TR-75).
    unsafe { (*this).Flags &= !DO_DEVICE_INITIALIZING };
    Ok(())
}
