//! `IoCreateDevice` and `IoDeleteDevice`, for the filter's sake, and `IoAttachDeviceToDeviceStackSafe`.
//!
//! UNSAFETY: entry points of a DLL; each passes its caller's promise on.
#![expect(unsafe_code, reason = "entry points of a DLL")]

use crate::abi::{
    DeviceObject, DriverObject, STATUS_NO_SUCH_DEVICE, STATUS_SUCCESS, Status, UnicodeString,
};
use crate::base;
use crate::filter;

#[unsafe(export_name = "wine_host_IoCreateDevice")]
unsafe extern "system" fn create(
    driver: *mut DriverObject,
    extension_size: u32,
    name: *mut UnicodeString,
    device_type: u32,
    characteristics: u32,
    exclusive: u8,
    device: *mut *mut DeviceObject,
) -> Status {
    // SAFETY: the driver keeps to the documentation of IoCreateDevice.
    let status = unsafe {
        base::IoCreateDevice(
            driver,
            extension_size,
            name,
            device_type,
            characteristics,
            exclusive,
            device,
        )
    };
    // SAFETY: a driver calls this with its own driver object.
    if status < 0 || !unsafe { filter::is_foreign(driver) } {
        return status;
    }
    // SAFETY: it succeeded, so there is a device.
    let created = unsafe { *device };
    // SAFETY: just created, and not in use before this returns.
    let attached = unsafe { filter::attach(created) };
    if attached < 0 {
        // SAFETY: the driver has not seen it yet.
        unsafe { base::IoDeleteDevice(created) };
    }
    attached
}

/// Wine dispatches on one thread, which is the one that adds devices: no IRP comes in between.
#[unsafe(export_name = "wine_host_IoAttachDeviceToDeviceStackSafe")]
unsafe extern "system" fn attach(
    source: *mut DeviceObject,
    target: *mut DeviceObject,
    attached_to: *mut *mut DeviceObject,
) -> Status {
    // SAFETY: the driver keeps to the documentation of IoAttachDeviceToDeviceStackSafe.
    let below = unsafe { base::IoAttachDeviceToDeviceStack(source, target) };
    // SAFETY: as above.
    unsafe { attached_to.write(below) };
    if below.is_null() {
        STATUS_NO_SUCH_DEVICE
    } else {
        STATUS_SUCCESS
    }
}

#[unsafe(export_name = "wine_host_IoDeleteDevice")]
unsafe extern "system" fn delete(device: *mut DeviceObject) {
    // SAFETY: the driver's device, until the next line.
    unsafe { filter::detach(device) };
    // SAFETY: the driver keeps to the documentation of IoDeleteDevice.
    unsafe { base::IoDeleteDevice(device) };
}
