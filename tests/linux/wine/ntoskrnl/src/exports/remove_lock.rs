//! `Io*RemoveLockEx`, which the macros of `wdm.h` without `Ex` call.
//!
//! UNSAFETY: entry points of a DLL; each passes its caller's promise on.
#![expect(unsafe_code, reason = "entry points of a DLL")]

use core::ffi::{c_char, c_void};

use crate::abi::Status;
use crate::remove_lock::RemoveLock;

#[unsafe(export_name = "wine_host_IoInitializeRemoveLockEx")]
unsafe extern "system" fn initialize(
    lock: *mut RemoveLock,
    _tag: u32,
    _max_minutes: u32,
    _max_count: u32,
    _size: u32,
) {
    // SAFETY: the driver gives memory for an IO_REMOVE_LOCK, of which this is the beginning.
    unsafe { lock.write(RemoveLock::new()) };
}

#[unsafe(export_name = "wine_host_IoAcquireRemoveLockEx")]
extern "system" fn acquire(
    lock: &RemoveLock,
    _tag: *mut c_void,
    _file: *const c_char,
    _line: u32,
    _size: u32,
) -> Status {
    lock.acquire()
}

#[unsafe(export_name = "wine_host_IoReleaseRemoveLockEx")]
extern "system" fn release(lock: &RemoveLock, _tag: *mut c_void, _size: u32) {
    lock.release();
}

#[unsafe(export_name = "wine_host_IoReleaseRemoveLockAndWaitEx")]
extern "system" fn release_and_wait(lock: &RemoveLock, _tag: *mut c_void, _size: u32) {
    lock.release_and_wait();
}
