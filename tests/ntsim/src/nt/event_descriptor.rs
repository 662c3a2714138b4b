//! `EVENT_DESCRIPTOR` and `EVENT_DATA_DESCRIPTOR`.

use crate::guest;

/// `Level`.
pub const LEVEL: usize = 0x04;
/// `Keyword`.
pub const KEYWORD: usize = 0x08;

/// What the data descriptor with this index in an array describes.
#[must_use]
pub fn data(array: usize, index: usize) -> Vec<u8> {
    /// `sizeof(EVENT_DATA_DESCRIPTOR)` and its `Size`.
    const DESCRIPTOR: usize = 0x10;
    const LENGTH: usize = 0x08;
    let descriptor = array + index * DESCRIPTOR;
    let length: u32 = guest::read(descriptor + LENGTH);
    if length == 0 {
        return Vec::new();
    }
    guest::load(guest::read::<usize>(descriptor), length as usize)
}
