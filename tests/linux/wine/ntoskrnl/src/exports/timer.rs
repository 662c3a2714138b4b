//! `KeSetTimer*` and `KeCancelTimer`.
//!
//! UNSAFETY: entry points of a DLL; each passes its caller's promise on.
#![expect(unsafe_code, reason = "entry points of a DLL")]

use core::ffi::c_void;
use std::time::Duration;

use crate::abi::Kdpc;
use crate::timer;

#[unsafe(export_name = "wine_host_KeSetTimer")]
unsafe extern "system" fn set(timer: *mut c_void, due: i64, dpc: *mut Kdpc) -> u8 {
    // SAFETY: the driver keeps to the documentation of KeSetTimer.
    unsafe { timer::set(timer, due, Duration::ZERO, dpc) }.into()
}

#[unsafe(export_name = "wine_host_KeSetTimerEx")]
unsafe extern "system" fn set_ex(timer: *mut c_void, due: i64, period: i32, dpc: *mut Kdpc) -> u8 {
    let period = Duration::from_millis(period.unsigned_abs().into());
    // SAFETY: the driver keeps to the documentation of KeSetTimerEx.
    unsafe { timer::set(timer, due, period, dpc) }.into()
}

#[unsafe(export_name = "wine_host_KeCancelTimer")]
extern "system" fn cancel(timer: *mut c_void) -> u8 {
    timer::cancel(timer).into()
}
