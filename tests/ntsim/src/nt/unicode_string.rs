//! `UNICODE_STRING`.

use crate::guest;

/// `sizeof(UNICODE_STRING)`.
pub const SIZE: usize = 0x10;
const LENGTH: usize = 0x00;
const MAXIMUM_LENGTH: usize = 0x02;
/// `Buffer`.
pub const BUFFER: usize = 0x08;

/// The text; empty for a null pointer.
#[must_use]
pub fn text(string: usize) -> String {
    if string == 0 {
        return String::new();
    }
    let length: u16 = guest::read(string + LENGTH);
    let bytes = guest::load(guest::read(string + BUFFER), usize::from(length));
    let units = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or('\u{fffd}'))
        .collect()
}

/// Sets the fields.
pub fn set(string: usize, length: u16, maximum: u16, buffer: usize) {
    guest::write(string + LENGTH, length);
    guest::write(string + MAXIMUM_LENGTH, maximum);
    guest::write(string + BUFFER, buffer);
}
