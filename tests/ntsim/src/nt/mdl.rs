//! `MDL`: the locked pages of a program.

use crate::guest;
use crate::world;

const FLAGS: usize = 0x0a;
const MAPPED: usize = 0x18;
const BYTE_COUNT: usize = 0x28;
const SIZE: usize = 0x30;

/// `MDL_MAPPED_TO_SYSTEM_VA`.
const IS_MAPPED: u16 = 0x1;
/// `MDL_PAGES_LOCKED`.
const IS_LOCKED: u16 = 0x2;

/// An MDL for so many bytes at `buffer`. Where they are in kernel space is not in it before they are [mapped](map).
///
/// # Panics
/// When the memory for a run is used up.
#[must_use]
pub fn make(buffer: usize, length: usize) -> usize {
    let mdl = world::allocate(SIZE + size_of::<usize>(), 0).expect("memory for an MDL");
    guest::write(mdl + FLAGS, IS_LOCKED);
    guest::write(mdl + BYTE_COUNT, length as u32);
    // Where a real one has the numbers of its pages.
    guest::write(mdl + SIZE, buffer);
    mdl
}

/// `MmMapLockedPagesSpecifyCache`: where the bytes are in kernel space; `None` if they are not locked, or
/// mapped already.
#[must_use]
pub fn map(mdl: usize) -> Option<usize> {
    let flags: u16 = guest::read(mdl + FLAGS);
    if flags & (IS_LOCKED | IS_MAPPED) != IS_LOCKED {
        return None;
    }
    let buffer: usize = guest::read(mdl + SIZE);
    guest::write(mdl + FLAGS, flags | IS_MAPPED);
    guest::write(mdl + MAPPED, buffer);
    Some(buffer)
}
