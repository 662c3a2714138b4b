//! `bcryptprimitives.dll` for a Wine that has none.
//!
//! Rust's standard library for Windows 10 takes its random numbers from `ProcessPrng` of this DLL,
//! so that without it no Rust program starts (0xC0000135). Wine 8.0 does not have it, Wine 10.0
//! does; wine-host installs this one only where there is none. It is for tests, never shipped.
//!
//! UNSAFETY: calls one routine of advapi32.dll with a buffer that the caller vouches for.

#![cfg(windows)]
#![no_std]
#![expect(
    unsafe_code,
    reason = "a DLL that forwards to another consists of foreign calls"
)]

use core::ffi::c_void;
use core::panic::PanicInfo;

#[link(name = "advapi32")]
unsafe extern "system" {
    /// The exported name of the `RtlGenRandom` of `ntsecapi.h`; false when it failed.
    fn SystemFunction036(buffer: *mut c_void, length: u32) -> u8;
}

/// Fills `length` bytes at `buffer` with random numbers; returns nonzero (TRUE) when all are.
///
/// # Safety
/// `length` bytes at `buffer` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn ProcessPrng(buffer: *mut u8, length: usize) -> i32 {
    let mut at = buffer;
    let mut rest = length;
    while rest > 0 {
        let part = u32::try_from(rest).unwrap_or(u32::MAX);
        // SAFETY: `part` bytes at `at` are part of the caller's buffer.
        if unsafe { SystemFunction036(at.cast(), part) } == 0 {
            return 0;
        }
        // Neither wraps: `part` is at most `rest`. But a check would need a panic routine, and the
        // prebuilt `core` one that unwinds.
        at = at.wrapping_add(part as usize);
        rest = rest.wrapping_sub(part as usize);
    }
    1
}

/// Called by the loader; there is nothing to set up.
#[unsafe(no_mangle)]
pub extern "system" fn DllMain(_module: *mut c_void, _reason: u32, _reserved: *mut c_void) -> i32 {
    1
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
