//! `Ke*QueueDpc`.
//!
//! UNSAFETY: entry points of a DLL; each passes its caller's promise on.
#![expect(unsafe_code, reason = "entry points of a DLL")]

use core::ffi::c_void;

use crate::abi::Kdpc;
use crate::dpc;

#[unsafe(export_name = "wine_host_KeInsertQueueDpc")]
unsafe extern "system" fn insert(
    dpc: *mut Kdpc,
    argument1: *mut c_void,
    argument2: *mut c_void,
) -> u8 {
    // SAFETY: the driver keeps to the documentation of KeInsertQueueDpc.
    unsafe { dpc::insert(dpc, argument1, argument2) }.into()
}

#[unsafe(export_name = "wine_host_KeRemoveQueueDpc")]
extern "system" fn remove(dpc: *mut Kdpc) -> u8 {
    dpc::remove(dpc).into()
}

#[unsafe(export_name = "wine_host_KeFlushQueuedDpcs")]
extern "system" fn flush() {
    dpc::flush();
}
