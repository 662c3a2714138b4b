//! Mm: the addresses of routines and of memory.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

pub mod mdl;
pub mod probe;

use super::{enter, ex, exports};
use crate::guest;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL, PASSIVE_LEVEL, unicode_string};

exports! {
    MmGetSystemRoutineAddress, MmIsAddressValid, MmGetPhysicalAddress, MmAllocateContiguousMemory,
    MmAllocateContiguousMemorySpecifyCache, MmFreeContiguousMemory, MmFreeContiguousMemorySpecifyCache,
    MmAllocateNonCachedMemory, MmFreeNonCachedMemory, MmPageEntireDriver, MmResetDriverPaging,
    MmLockPagableDataSection, MmUnlockPagableImageSection, MmQuerySystemSize,
}

/// "`MmCo`", so that a leak report says what it is.
const TAG: u32 = u32::from_le_bytes(*b"MmCo");

pub extern "win64" fn MmGetSystemRoutineAddress(name: usize) -> usize {
    enter("MmGetSystemRoutineAddress", PASSIVE_LEVEL);
    super::find(&unicode_string::text(name)).unwrap_or(0)
}

pub extern "win64" fn MmIsAddressValid(address: usize) -> u8 {
    enter("MmIsAddressValid", DISPATCH_LEVEL);
    let known = crate::machine::with(|machine| machine.object_at(address));
    u8::from(known.map_or_else(|| guest::contains(address, 1), |(_, _, alive)| alive))
}

/// Physical memory lies where the virtual one does.
pub extern "win64" fn MmGetPhysicalAddress(address: usize) -> usize {
    address
}

pub extern "win64" fn MmAllocateContiguousMemory(size: usize, _highest: usize) -> usize {
    enter("MmAllocateContiguousMemory", DISPATCH_LEVEL);
    ex::allocate(size, TAG, 0)
}

pub extern "win64" fn MmAllocateContiguousMemorySpecifyCache(
    size: usize,
    _lowest: usize,
    _highest: usize,
    _boundary: usize,
    _cache: i32,
) -> usize {
    MmAllocateContiguousMemory(size, 0)
}

pub extern "win64" fn MmFreeContiguousMemory(address: usize) {
    enter("MmFreeContiguousMemory", DISPATCH_LEVEL);
    ex::ExFreePoolWithTag(address, TAG);
}

pub extern "win64" fn MmFreeContiguousMemorySpecifyCache(
    address: usize,
    _size: usize,
    _cache: i32,
) {
    MmFreeContiguousMemory(address);
}

pub extern "win64" fn MmAllocateNonCachedMemory(size: usize) -> usize {
    enter("MmAllocateNonCachedMemory", APC_LEVEL);
    ex::allocate(size, TAG, 0)
}

pub extern "win64" fn MmFreeNonCachedMemory(address: usize, _size: usize) {
    enter("MmFreeNonCachedMemory", APC_LEVEL);
    ex::ExFreePoolWithTag(address, TAG);
}

/// All memory is resident.
pub extern "win64" fn MmPageEntireDriver(address: usize) -> usize {
    enter("MmPageEntireDriver", APC_LEVEL);
    address
}

pub extern "win64" fn MmResetDriverPaging(_address: usize) {
    enter("MmResetDriverPaging", APC_LEVEL);
}

pub extern "win64" fn MmLockPagableDataSection(address: usize) -> usize {
    enter("MmLockPagableDataSection", APC_LEVEL);
    address
}

pub extern "win64" fn MmUnlockPagableImageSection(_section: usize) {
    enter("MmUnlockPagableImageSection", APC_LEVEL);
}

pub extern "win64" fn MmQuerySystemSize() -> i32 {
    /// `MmLargeSystem`.
    const LARGE: i32 = 2;
    LARGE
}
