//! Where the kernel enters the driver.

// UNSAFETY: `DriverEntry` is found by its exported name and called with raw pointers.
#![expect(unsafe_code, reason = "exports DriverEntry")]

use core::ptr::NonNull;

use wdk_alloc::WdkAllocator;
// The panic handler.
use wdk_panic as _;
use wdm::{DriverObject, RegistryPath};

use crate::device::Csq;
use crate::parameters;

#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

/// Reads the driver's parameters and tells the I/O manager its other entry points. It has nothing
/// to do that could fail: without parameters there are defaults.
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
/// Called by the I/O manager, once, with the driver object it made for this image and the path of
/// the service's registry key.
// SAFETY: no other item of the image has this name.
#[unsafe(export_name = "DriverEntry")]
pub unsafe extern "system" fn driver_entry(
    driver: NonNull<DriverObject>,
    registry_path: NonNull<RegistryPath>,
) -> i32 {
    // SAFETY: the I/O manager's, valid during `DriverEntry`.
    parameters::read(unsafe { registry_path.as_ref() });
    // SAFETY: the I/O manager's driver object, once; `DriverEntry` succeeds.
    unsafe { wdm::initialize_driver::<Csq>(driver) };
    0
}
