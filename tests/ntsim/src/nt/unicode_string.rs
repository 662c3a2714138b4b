//! `UNICODE_STRING`.

use crate::guest;

/// `sizeof(UNICODE_STRING)`.
pub const SIZE: usize = 0x10;
const LENGTH: usize = 0x00;
/// `MaximumLength`.
pub const MAXIMUM_LENGTH: usize = 0x02;
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

/// `MaximumLength`.
#[must_use]
pub fn maximum(string: usize) -> u16 {
    guest::read(string + MAXIMUM_LENGTH)
}

/// The text at `address`, up to a 0; empty for a null pointer.
#[must_use]
pub fn zero_terminated(address: usize) -> String {
    if address == 0 {
        return String::new();
    }
    let places = (address..).step_by(size_of::<u16>());
    let units: Vec<u16> = places
        .map(guest::read)
        .take_while(|unit| *unit != 0)
        .collect();
    String::from_utf16_lossy(&units)
}

/// A text in UTF-16 with a 0 behind it.
#[must_use]
pub fn zero_terminated_bytes(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}

/// Sets the fields.
pub fn set(string: usize, length: u16, maximum: u16, buffer: usize) {
    guest::write(string + LENGTH, length);
    guest::write(string + MAXIMUM_LENGTH, maximum);
    guest::write(string + BUFFER, buffer);
}
