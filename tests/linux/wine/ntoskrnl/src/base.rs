//! Wine's own ntoskrnl.exe, as far as this module calls it.
//!
//! UNSAFETY: declares foreign routines; each call says why it is sound.
#![expect(unsafe_code, reason = "declares foreign routines")]

use core::ffi::{c_char, c_void};

use crate::abi::{DeviceObject, DriverObject, InitializeRoutine, Irp, Irql, Status, UnicodeString};
use crate::registry::Entry;

// The names are Wine's; in this module they are free, because what it exports under the same names
// has the prefix of `wine_supplied`.
#[link(name = "ntosbase", kind = "raw-dylib")]
unsafe extern "system" {
    pub fn ExAllocatePoolWithTag(kind: u32, size: usize, tag: u32) -> *mut c_void;
    pub fn IoAllocateIrp(stack_size: i8, charge_quota: u8) -> *mut Irp;
    pub fn IoAttachDeviceToDeviceStack(
        source: *mut DeviceObject,
        target: *mut DeviceObject,
    ) -> *mut DeviceObject;
    pub fn IoCreateDevice(
        driver: *mut DriverObject,
        extension_size: u32,
        name: *mut UnicodeString,
        device_type: u32,
        characteristics: u32,
        exclusive: u8,
        device: *mut *mut DeviceObject,
    ) -> Status;
    pub fn IoCreateDriver(name: *mut UnicodeString, initialize: InitializeRoutine) -> Status;
    pub fn IoDeleteDevice(device: *mut DeviceObject);
    pub fn IoDetachDevice(target: *mut DeviceObject);
    pub fn IoFreeIrp(irp: *mut Irp);
    pub fn IoReleaseCancelSpinLock(irql: Irql);
    pub fn IofCallDriver(device: *mut DeviceObject, irp: *mut Irp) -> Status;
    pub fn IofCompleteRequest(irp: *mut Irp, boost: i8);
    pub fn KeAcquireSpinLockRaiseToDpc(lock: *mut usize) -> Irql;
    pub fn KeReleaseSpinLock(lock: *mut usize, irql: Irql);
    pub fn RtlQueryRegistryValues(
        relative_to: u32,
        path: *const u16,
        table: *mut Entry,
        context: *mut c_void,
        environment: *mut c_void,
    ) -> Status;
}

#[link(name = "ntosbase", kind = "raw-dylib")]
unsafe extern "C" {
    pub fn DbgPrint(format: *const c_char, ...) -> Status;
}
