//! A driver as small as one can be that a program can talk to: a named device, which can be opened and
//! closed, and answers a control request with what came in.
//!
//! It is written as the samples of windows-drivers-rs are, straight on wdk-sys.

#![no_std]

#[cfg(not(test))]
extern crate wdk_panic;

use core::ptr::null_mut;

#[cfg(not(test))]
use wdk_alloc::WdkAllocator;
use wdk_sys::ntddk::{
    IoCreateDevice, IoCreateSymbolicLink, IoDeleteDevice, IoDeleteSymbolicLink, IofCompleteRequest,
};
use wdk_sys::{
    DRIVER_OBJECT, FILE_DEVICE_SECURE_OPEN, FILE_DEVICE_UNKNOWN, IO_NO_INCREMENT,
    IO_STACK_LOCATION, IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL, NT_SUCCESS, NTSTATUS,
    PCUNICODE_STRING, PDEVICE_OBJECT, PDRIVER_OBJECT, PIRP, STATUS_SUCCESS, UNICODE_STRING,
};

#[cfg(not(test))]
#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

#[cfg(not(flags_of_its_own))]
compile_error!("the flags of .cargo/config.toml are not there");

#[cfg(feature = "reach")]
mod reach;

/// UTF-16 of an ASCII text.
const fn wide<const N: usize>(text: &[u8; N]) -> [u16; N] {
    let mut units = [0; N];
    let mut index = 0;
    while index < N {
        units[index] = text[index] as u16;
        index += 1;
    }
    units
}

static DEVICE_NAME: [u16; 15] = wide(br"\Device\Foreign");
static LINK_NAME: [u16; 19] = wide(br"\DosDevices\Foreign");

/// A counted string of a static text.
fn counted(text: &'static [u16]) -> UNICODE_STRING {
    let length = size_of_val(text) as u16;
    UNICODE_STRING {
        Length: length,
        MaximumLength: length,
        Buffer: text.as_ptr().cast_mut(),
    }
}

/// Makes the device and its link.
///
/// # Safety
///
/// Called by the I/O manager, at IRQL `PASSIVE_LEVEL`.
// SAFETY: no other item of the image has this name.
#[unsafe(export_name = "DriverEntry")]
pub unsafe extern "system" fn driver_entry(
    driver: &mut DRIVER_OBJECT,
    _registry_path: PCUNICODE_STRING,
) -> NTSTATUS {
    let mut name = counted(&DEVICE_NAME);
    let mut device: PDEVICE_OBJECT = null_mut();
    // SAFETY: the driver object is the I/O manager's; the name lives until the call is over.
    let status = unsafe {
        IoCreateDevice(
            driver,
            0,
            &raw mut name,
            FILE_DEVICE_UNKNOWN,
            FILE_DEVICE_SECURE_OPEN,
            0,
            &raw mut device,
        )
    };
    if !NT_SUCCESS(status) {
        return status;
    }
    let mut link = counted(&LINK_NAME);
    // SAFETY: both names live until the call is over.
    let status = unsafe { IoCreateSymbolicLink(&raw mut link, &raw mut name) };
    if !NT_SUCCESS(status) {
        // SAFETY: made above, and nobody has it.
        unsafe { IoDeleteDevice(device) };
        return status;
    }
    for major in [IRP_MJ_CREATE, IRP_MJ_CLOSE, IRP_MJ_DEVICE_CONTROL] {
        driver.MajorFunction[major as usize] = Some(answer);
    }
    driver.DriverUnload = Some(unload);
    #[cfg(feature = "reach")]
    // SAFETY: this is DriverEntry, at IRQL PASSIVE_LEVEL.
    unsafe {
        reach::all(driver.DriverSize as usize);
    }
    STATUS_SUCCESS
}

/// Completes a request at once; of a control request, the input is the output.
///
/// # Safety
///
/// Called by the I/O manager, with an IRP that belongs to this driver until it is completed.
unsafe extern "C" fn answer(_device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: by the caller. There is always a current stack location.
    let location: &IO_STACK_LOCATION = unsafe {
        &*(*irp)
            .Tail
            .Overlay
            .__bindgen_anon_2
            .__bindgen_anon_1
            .CurrentStackLocation
    };
    let mut length = 0;
    if u32::from(location.MajorFunction) == IRP_MJ_DEVICE_CONTROL {
        // SAFETY: these are the parameters of a control request.
        let parameters = unsafe { &location.Parameters.DeviceIoControl };
        length = parameters
            .InputBufferLength
            .min(parameters.OutputBufferLength);
    }
    // SAFETY: by the caller.
    unsafe { (*irp).IoStatus.Information = length.into() };
    // SAFETY: by the caller.
    unsafe { (*irp).IoStatus.__bindgen_anon_1.Status = STATUS_SUCCESS };
    // SAFETY: by the caller; not touched again.
    unsafe { IofCompleteRequest(irp, IO_NO_INCREMENT as i8) };
    STATUS_SUCCESS
}

/// Undoes what `DriverEntry` has done.
///
/// # Safety
///
/// Called by the I/O manager, when no handle to the device is open.
unsafe extern "C" fn unload(driver: PDRIVER_OBJECT) {
    let mut link = counted(&LINK_NAME);
    // SAFETY: the name lives until the call is over.
    let _ = unsafe { IoDeleteSymbolicLink(&raw mut link) };
    // SAFETY: the driver has this one device.
    unsafe { IoDeleteDevice((*driver).DeviceObject) };
}
