//! Rtl: strings that are counted.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use std::fmt::Write as _;

use crate::ddi::{enter, ex, exports};
use crate::guest;
use crate::nt::PASSIVE_LEVEL;
use crate::nt::status::{
    BUFFER_OVERFLOW, BUFFER_TOO_SMALL, INSUFFICIENT_RESOURCES, INVALID_PARAMETER, SUCCESS,
};
use crate::nt::unicode_string::{self, BUFFER, MAXIMUM_LENGTH};

exports! {
    RtlInitAnsiString, RtlInitString, RtlFreeAnsiString, RtlAnsiStringToUnicodeString, RtlUnicodeStringToAnsiString,
    RtlxAnsiStringToUnicodeSize, RtlxUnicodeStringToAnsiSize, RtlAppendUnicodeToString, RtlAppendUnicodeStringToString,
    RtlCompareUnicodeString, RtlPrefixUnicodeString, RtlEqualString, RtlCompareString, RtlCopyString,
    RtlIntegerToUnicodeString, RtlUnicodeStringToInteger, RtlUpcaseUnicodeString, RtlDowncaseUnicodeString,
    RtlUpcaseUnicodeChar, RtlDowncaseUnicodeChar, RtlUpperChar, RtlStringFromGUID, RtlGUIDFromString,
    RtlHashUnicodeString, RtlCreateUnicodeString, RtlInitUnicodeStringEx, RtlSuffixUnicodeString,
}

/// Bytes per UTF-16 unit.
const UNIT: usize = 2;
/// "`Strg`".
const TAG: u32 = u32::from_le_bytes(*b"Strg");

/// The bytes of a counted string of either kind.
fn bytes(string: usize) -> Vec<u8> {
    let length: u16 = guest::read(string);
    if length == 0 {
        return Vec::new();
    }
    guest::load(guest::read(string + BUFFER), usize::from(length))
}

fn units(string: usize) -> Vec<u16> {
    let bytes = bytes(string);
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect()
}

fn upper(unit: u16) -> u16 {
    let letter = char::from_u32(u32::from(unit));
    let mut upper = letter.into_iter().flat_map(char::to_uppercase);
    match (upper.next(), upper.next()) {
        (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

fn lower(unit: u16) -> u16 {
    let letter = char::from_u32(u32::from(unit));
    let mut lower = letter.into_iter().flat_map(char::to_lowercase);
    match (lower.next(), lower.next()) {
        (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

fn upper_units(string: usize, ignore_case: u8) -> Vec<u16> {
    let units = units(string);
    if ignore_case == 0 {
        units
    } else {
        units.into_iter().map(upper).collect()
    }
}

fn upper_bytes(string: usize, ignore_case: u8) -> Vec<u8> {
    let bytes = bytes(string);
    if ignore_case == 0 {
        bytes
    } else {
        bytes.to_ascii_uppercase()
    }
}

/// Puts a text into a counted string, whose buffer is made if `allocate` says so; with a zero behind it if there is room.
fn put(string: usize, text: &[u8], zero: usize, allocate: u8) -> u32 {
    let whole = text.len() + zero;
    let Ok(maximum) = u16::try_from(whole) else {
        return INVALID_PARAMETER;
    };
    let length = text.len() as u16;
    if allocate != 0 {
        let buffer = ex::allocate(whole, TAG, 0);
        if buffer == 0 {
            return INSUFFICIENT_RESOURCES;
        }
        unicode_string::set(string, length, maximum, buffer);
    } else {
        let room: u16 = guest::read(string + MAXIMUM_LENGTH);
        if room < length {
            return BUFFER_OVERFLOW;
        }
        guest::write(string, length);
    }
    let buffer: usize = guest::read(string + BUFFER);
    let room: u16 = guest::read(string + MAXIMUM_LENGTH);
    if !text.is_empty() {
        guest::store(buffer, text);
    }
    if usize::from(room) >= whole {
        guest::store(buffer + text.len(), &vec![0; zero]);
    }
    SUCCESS
}

fn little(units: impl IntoIterator<Item = u16>) -> Vec<u8> {
    units.into_iter().flat_map(u16::to_le_bytes).collect()
}

pub extern "win64" fn RtlInitAnsiString(string: usize, source: usize) {
    let mut length = 0u16;
    if source != 0 {
        while guest::read::<u8>(source + usize::from(length)) != 0 && length < u16::MAX - 1 {
            length += 1;
        }
    }
    let maximum = if source == 0 { 0 } else { length + 1 };
    unicode_string::set(string, length, maximum, source);
}

pub extern "win64" fn RtlInitString(string: usize, source: usize) {
    RtlInitAnsiString(string, source);
}

pub extern "win64" fn RtlInitUnicodeStringEx(string: usize, source: usize) -> u32 {
    super::RtlInitUnicodeString(string, source);
    SUCCESS
}

pub extern "win64" fn RtlFreeAnsiString(string: usize) {
    super::RtlFreeUnicodeString(string);
}

pub extern "win64" fn RtlCreateUnicodeString(string: usize, source: usize) -> u8 {
    enter("RtlCreateUnicodeString", PASSIVE_LEVEL);
    let text = unicode_string::zero_terminated(source);
    u8::from(put(string, &little(text.encode_utf16()), UNIT, 1) == SUCCESS)
}

pub extern "win64" fn RtlAnsiStringToUnicodeString(to: usize, from: usize, allocate: u8) -> u32 {
    enter("RtlAnsiStringToUnicodeString", PASSIVE_LEVEL);
    let wide = little(bytes(from).into_iter().map(u16::from));
    put(to, &wide, UNIT, allocate)
}

pub extern "win64" fn RtlUnicodeStringToAnsiString(to: usize, from: usize, allocate: u8) -> u32 {
    enter("RtlUnicodeStringToAnsiString", PASSIVE_LEVEL);
    let narrow: Vec<u8> = units(from)
        .into_iter()
        .map(|unit| u8::try_from(unit).unwrap_or(b'?'))
        .collect();
    put(to, &narrow, 1, allocate)
}

pub extern "win64" fn RtlxAnsiStringToUnicodeSize(string: usize) -> u32 {
    (u32::from(guest::read::<u16>(string)) + 1) * UNIT as u32
}

pub extern "win64" fn RtlxUnicodeStringToAnsiSize(string: usize) -> u32 {
    u32::from(guest::read::<u16>(string)) / UNIT as u32 + 1
}

fn append(to: usize, more: &[u8]) -> u32 {
    let length: u16 = guest::read(to);
    let room: u16 = guest::read(to + MAXIMUM_LENGTH);
    let end = usize::from(length) + more.len();
    if end > usize::from(room) {
        return BUFFER_TOO_SMALL;
    }
    let buffer: usize = guest::read(to + BUFFER);
    if !more.is_empty() {
        guest::store(buffer + usize::from(length), more);
    }
    guest::write(to, end as u16);
    if end + UNIT <= usize::from(room) {
        guest::write(buffer + end, 0u16);
    }
    SUCCESS
}

pub extern "win64" fn RtlAppendUnicodeToString(to: usize, source: usize) -> u32 {
    if source == 0 {
        return SUCCESS;
    }
    append(
        to,
        &little(unicode_string::zero_terminated(source).encode_utf16()),
    )
}

pub extern "win64" fn RtlAppendUnicodeStringToString(to: usize, from: usize) -> u32 {
    append(to, &bytes(from))
}

pub extern "win64" fn RtlCompareUnicodeString(one: usize, two: usize, ignore_case: u8) -> i32 {
    upper_units(one, ignore_case).cmp(&upper_units(two, ignore_case)) as i32
}

pub extern "win64" fn RtlPrefixUnicodeString(prefix: usize, string: usize, ignore_case: u8) -> u8 {
    let all = upper_units(string, ignore_case);
    u8::from(all.starts_with(&upper_units(prefix, ignore_case)))
}

pub extern "win64" fn RtlSuffixUnicodeString(suffix: usize, string: usize, ignore_case: u8) -> u8 {
    let all = upper_units(string, ignore_case);
    u8::from(all.ends_with(&upper_units(suffix, ignore_case)))
}

pub extern "win64" fn RtlEqualString(one: usize, two: usize, ignore_case: u8) -> u8 {
    u8::from(upper_bytes(one, ignore_case) == upper_bytes(two, ignore_case))
}

pub extern "win64" fn RtlCompareString(one: usize, two: usize, ignore_case: u8) -> i32 {
    upper_bytes(one, ignore_case).cmp(&upper_bytes(two, ignore_case)) as i32
}

pub extern "win64" fn RtlCopyString(to: usize, from: usize) {
    let room: u16 = guest::read(to + MAXIMUM_LENGTH);
    let mut text = if from == 0 { Vec::new() } else { bytes(from) };
    text.truncate(usize::from(room));
    put(to, &text, 0, 0);
}

pub extern "win64" fn RtlIntegerToUnicodeString(value: u32, base: u32, string: usize) -> u32 {
    let text = match base {
        0 | 10 => value.to_string(),
        2 => format!("{value:b}"),
        8 => format!("{value:o}"),
        16 => format!("{value:X}"),
        _ => return INVALID_PARAMETER,
    };
    put(string, &little(text.encode_utf16()), UNIT, 0)
}

pub extern "win64" fn RtlUnicodeStringToInteger(string: usize, base: u32, value: usize) -> u32 {
    let text = String::from_utf16_lossy(&units(string));
    let text = text.trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (base, digits) = match (base, digits.get(..2)) {
        (0 | 16, Some("0x" | "0X")) => (16, digits.get(2..).unwrap_or_default()),
        (0 | 8, Some("0o")) => (8, digits.get(2..).unwrap_or_default()),
        (0 | 2, Some("0b")) => (2, digits.get(2..).unwrap_or_default()),
        (0, _) => (10, digits),
        (2 | 8 | 10 | 16, _) => (base, digits),
        _ => return INVALID_PARAMETER,
    };
    let digits = digits.chars().map_while(|letter| letter.to_digit(base));
    let number = digits.fold(0u32, |all, digit| {
        all.wrapping_mul(base).wrapping_add(digit)
    });
    guest::write(
        value,
        if negative {
            number.wrapping_neg()
        } else {
            number
        },
    );
    SUCCESS
}

pub extern "win64" fn RtlUpcaseUnicodeString(to: usize, from: usize, allocate: u8) -> u32 {
    enter("RtlUpcaseUnicodeString", PASSIVE_LEVEL);
    put(to, &little(units(from).into_iter().map(upper)), 0, allocate)
}

pub extern "win64" fn RtlDowncaseUnicodeString(to: usize, from: usize, allocate: u8) -> u32 {
    enter("RtlDowncaseUnicodeString", PASSIVE_LEVEL);
    put(to, &little(units(from).into_iter().map(lower)), 0, allocate)
}

pub extern "win64" fn RtlUpcaseUnicodeChar(unit: u16) -> u16 {
    enter("RtlUpcaseUnicodeChar", PASSIVE_LEVEL);
    upper(unit)
}

pub extern "win64" fn RtlDowncaseUnicodeChar(unit: u16) -> u16 {
    enter("RtlDowncaseUnicodeChar", PASSIVE_LEVEL);
    lower(unit)
}

pub extern "win64" fn RtlUpperChar(letter: u8) -> u8 {
    letter.to_ascii_uppercase()
}

pub extern "win64" fn RtlHashUnicodeString(
    string: usize,
    ignore_case: u8,
    algorithm: u32,
    value: usize,
) -> u32 {
    /// `HASH_STRING_ALGORITHM_X65599`, and the default.
    const KNOWN: [u32; 2] = [0, 1];
    const FACTOR: u32 = 65599;
    if !KNOWN.contains(&algorithm) {
        return INVALID_PARAMETER;
    }
    let units = upper_units(string, ignore_case).into_iter();
    let hash = units.fold(0u32, |hash, unit| {
        hash.wrapping_mul(FACTOR).wrapping_add(u32::from(unit))
    });
    guest::write(value, hash);
    SUCCESS
}

/// A GUID: a number of four bytes, two of two, and eight bytes.
const GUID: usize = 16;

pub extern "win64" fn RtlStringFromGUID(guid: usize, string: usize) -> u32 {
    enter("RtlStringFromGUID", PASSIVE_LEVEL);
    let (first, second, third): (u32, u16, u16) = (
        guest::read(guid),
        guest::read(guid + 4),
        guest::read(guid + 6),
    );
    let rest = guest::load(guid + 8, 8);
    let mut text = format!("{{{first:08X}-{second:04X}-{third:04X}-");
    for (index, byte) in rest.iter().enumerate() {
        if index == 2 {
            text.push('-');
        }
        let _ = write!(text, "{byte:02X}");
    }
    text.push('}');
    put(string, &little(text.encode_utf16()), UNIT, 1)
}

pub extern "win64" fn RtlGUIDFromString(string: usize, guid: usize) -> u32 {
    enter("RtlGUIDFromString", PASSIVE_LEVEL);
    let text = String::from_utf16_lossy(&units(string));
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    let digits: Option<String> = inner.map(|inner| inner.replace('-', ""));
    let number = digits
        .filter(|digits| digits.len() == GUID * 2)
        .and_then(|digits| u128::from_str_radix(&digits, 16).ok());
    let Some(number) = number else {
        return INVALID_PARAMETER;
    };
    guest::write(guid, (number >> 96) as u32);
    guest::write(guid + 4, (number >> 80) as u16);
    guest::write(guid + 6, (number >> 64) as u16);
    guest::store(guid + 8, &(number as u64).to_be_bytes());
    SUCCESS
}
