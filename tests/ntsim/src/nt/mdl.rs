//! `MDL`: the pages of a buffer.

use crate::guest;
use crate::mapping::{PAGE, pages};

/// `Next`.
pub const NEXT: usize = 0x00;
const SIZE_FIELD: usize = 0x08;
const FLAGS: usize = 0x0a;
const MAPPED: usize = 0x18;
const START: usize = 0x20;
const BYTE_COUNT: usize = 0x28;
const BYTE_OFFSET: usize = 0x2c;
/// `sizeof(MDL)`; the numbers of its pages follow.
const SIZE: usize = 0x30;

/// `MDL_MAPPED_TO_SYSTEM_VA`.
pub const IS_MAPPED: u16 = 0x1;
/// `MDL_PAGES_LOCKED`.
pub const IS_LOCKED: u16 = 0x2;
/// `MDL_SOURCE_IS_NONPAGED_POOL`.
pub const IS_NONPAGED: u16 = 0x4;
/// `MDL_PARTIAL` and `MDL_PARTIAL_HAS_BEEN_MAPPED`.
pub const IS_PARTIAL: u16 = 0x10;
/// The second of them.
pub const PARTIAL_MAPPED: u16 = 0x20;
/// `MDL_WRITE_OPERATION`.
pub const IS_WRITTEN: u16 = 0x80;

/// Bytes of an MDL for a buffer: each page has a number of eight bytes.
#[must_use]
pub const fn size(address: usize, length: usize) -> usize {
    let count = pages(address % PAGE + length);
    SIZE + if count == 0 { 1 } else { count } * size_of::<usize>()
}

/// Fills in a zeroed MDL for a buffer.
pub fn initialize(mdl: usize, address: usize, length: usize) {
    guest::write(mdl + SIZE_FIELD, size(address, length) as u16);
    guest::write(mdl + START, address / PAGE * PAGE);
    guest::write(mdl + BYTE_OFFSET, (address % PAGE) as u32);
    guest::write(mdl + BYTE_COUNT, length as u32);
}

/// `MmGetMdlVirtualAddress`.
#[must_use]
pub fn address(mdl: usize) -> usize {
    guest::read::<usize>(mdl + START) + guest::read::<u32>(mdl + BYTE_OFFSET) as usize
}

/// `MmGetMdlByteCount`.
#[must_use]
pub fn length(mdl: usize) -> usize {
    guest::read::<u32>(mdl + BYTE_COUNT) as usize
}

/// `MdlFlags`.
#[must_use]
pub fn flags(mdl: usize) -> u16 {
    guest::read(mdl + FLAGS)
}

/// Sets some of `MdlFlags`, and clears others.
pub fn change_flags(mdl: usize, set: u16, clear: u16) {
    guest::write(mdl + FLAGS, flags(mdl) & !clear | set);
}

/// Where the pages are: the address in kernel space of the first byte. A real one has the numbers of the pages there.
#[must_use]
pub fn pages_at(mdl: usize) -> usize {
    guest::read(mdl + SIZE)
}

/// Says where the pages are.
pub fn set_pages(mdl: usize, address: usize) {
    guest::write(mdl + SIZE, address);
}

/// `MappedSystemVa`.
pub fn set_mapped(mdl: usize, address: usize) {
    guest::write(mdl + MAPPED, address);
}
