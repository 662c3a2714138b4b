//! `ExAllocatePool2`.
//!
//! UNSAFETY: an entry point of a DLL that hands out memory.
#![expect(unsafe_code, reason = "an entry point of a DLL that hands out memory")]

use core::ffi::c_void;
use core::ptr::null_mut;

use crate::base;

/// `POOL_FLAG_UNINITIALIZED`.
const UNINITIALIZED: u64 = 0x02;
/// `POOL_FLAG_NON_PAGED_EXECUTE`, `POOL_FLAG_NON_PAGED` and `POOL_FLAG_PAGED`: one must be given.
const KINDS: u64 = 0x80 | 0x40 | 0x100;
/// `NonPagedPool`: in Wine all kinds are one heap.
const ONE_POOL: u32 = 0;

/// Memory filled with zeros, unless the driver asked for it as it comes; null for a call that the
/// documentation does not allow.
#[unsafe(export_name = "wine_host_ExAllocatePool2")]
extern "system" fn allocate(flags: u64, size: usize, tag: u32) -> *mut c_void {
    if (flags & KINDS).count_ones() != 1 || size == 0 || tag == 0 {
        return null_mut();
    }
    // SAFETY: any arguments will do.
    let block = unsafe { base::ExAllocatePoolWithTag(ONE_POOL, size, tag) };
    if !block.is_null() && flags & UNINITIALIZED == 0 {
        // SAFETY: that many bytes were just allocated.
        unsafe { block.cast::<u8>().write_bytes(0, size) };
    }
    block
}
