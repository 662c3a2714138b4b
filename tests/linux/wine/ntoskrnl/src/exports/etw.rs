//! `Etw*`: events go nowhere, and nobody listens.
//!
//! UNSAFETY: entry points of a DLL; each passes its caller's promise on.
#![expect(unsafe_code, reason = "entry points of a DLL")]

use core::ffi::c_void;

use crate::abi::{STATUS_SUCCESS, Status};

#[unsafe(export_name = "wine_host_EtwRegister")]
extern "system" fn register(
    _provider: *const c_void,
    _callback: *const c_void,
    _context: *const c_void,
    handle: &mut u64,
) -> Status {
    *handle = 0;
    STATUS_SUCCESS
}

#[unsafe(export_name = "wine_host_EtwUnregister")]
extern "system" fn unregister(_handle: u64) -> Status {
    STATUS_SUCCESS
}

#[unsafe(export_name = "wine_host_EtwSetInformation")]
extern "system" fn set_information(
    _handle: u64,
    _class: u32,
    _information: *const c_void,
    _length: u32,
) -> Status {
    STATUS_SUCCESS
}

#[unsafe(export_name = "wine_host_EtwProviderEnabled")]
extern "system" fn provider_enabled(_handle: u64, _level: u8, _keyword: u64) -> u8 {
    0
}

#[unsafe(export_name = "wine_host_EtwEventEnabled")]
extern "system" fn event_enabled(_handle: u64, _event: *const c_void) -> u8 {
    0
}

#[unsafe(export_name = "wine_host_EtwWrite")]
extern "system" fn write(
    _handle: u64,
    _event: *const c_void,
    _activity: *const c_void,
    _count: u32,
    _data: *const c_void,
) -> Status {
    STATUS_SUCCESS
}

#[unsafe(export_name = "wine_host_EtwWriteString")]
extern "system" fn write_string(
    _handle: u64,
    _level: u8,
    _keyword: u64,
    _activity: *const c_void,
    _text: *const u16,
) -> Status {
    STATUS_SUCCESS
}

#[unsafe(export_name = "wine_host_EtwWriteTransfer")]
extern "system" fn write_transfer(
    _handle: u64,
    _event: *const c_void,
    _activity: *const c_void,
    _related: *const c_void,
    _count: u32,
    _data: *const c_void,
) -> Status {
    STATUS_SUCCESS
}

#[unsafe(export_name = "wine_host_EtwActivityIdControl")]
extern "system" fn activity_id_control(_code: u32, _activity: *mut c_void) -> Status {
    STATUS_SUCCESS
}
