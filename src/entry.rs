//! Where the kernel enters the driver.

// UNSAFETY: `DriverEntry` is found by its exported name and called with raw pointers.
#![expect(unsafe_code, reason = "exports DriverEntry")]

use core::ffi::c_void;
use core::ptr::NonNull;

use wdk_alloc::WdkAllocator;
// The panic handler.
use wdk_panic as _;
use wdm::DriverObject;

use crate::device::Csq;

#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

/// Tells the I/O manager the driver's other entry points. It has nothing to do that could fail.
///
/// See "Writing a `DriverEntry` Routine":
/// <https://learn.microsoft.com/windows-hardware/drivers/kernel/writing-a-driverentry-routine>.
///
/// # Context
///
/// IRQL `PASSIVE_LEVEL`, in a system thread.
///
/// # Safety
///
/// Called by the I/O manager, once, with the driver object it made for this image.
// SAFETY: no other item of the image has this name.
#[unsafe(export_name = "DriverEntry")]
pub unsafe extern "system" fn driver_entry(
    driver: NonNull<DriverObject>,
    _registry_path: *const c_void,
) -> i32 {
    // SAFETY: by the caller.
    unsafe { wdm::initialize_driver::<Csq>(driver) };
    0
}
