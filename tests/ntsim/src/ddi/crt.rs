//! What ntoskrnl.exe exports of the C runtime: strings and formats.

use super::exports;
use super::format::{self, List};
use crate::guest;

exports! {
    _snprintf, _snwprintf, _vsnprintf, _vsnwprintf, sprintf, swprintf, sprintf_s, swprintf_s, vsprintf_s, vswprintf_s,
    strlen, strnlen, strcmp, strncmp, strcpy, strncpy, strcat, strncat, strchr, strrchr, strstr, _stricmp, _strnicmp,
    strcpy_s, strcat_s, strncpy_s, wcslen, wcsnlen, wcscmp, wcsncmp, wcscpy, wcsncpy, wcscat, wcschr, wcsrchr, wcsstr,
    _wcsicmp, _wcsnicmp, wcscpy_s, wcscat_s, wcsncpy_s, tolower, toupper, towlower, towupper, isdigit, isspace, isprint,
    atoi, memchr, memcpy_s, memmove_s, rand, srand, _purecall,
}

/// Bytes per UTF-16 unit.
const UNIT: usize = 2;

/// Writes a text as far as there is room. -1 if there is not enough, as the routines with an underscore say it.
fn put_narrow(to: usize, room: usize, text: &[u16]) -> i32 {
    let bytes: Vec<u8> = text.iter().map(|unit| *unit as u8).collect();
    let (fits, _) = bytes.split_at(bytes.len().min(room));
    if !fits.is_empty() {
        guest::store(to, fits);
    }
    if bytes.len() < room {
        guest::write(to + bytes.len(), 0u8);
    }
    if bytes.len() > room {
        -1
    } else {
        bytes.len() as i32
    }
}

fn put_wide(to: usize, room: usize, text: &[u16]) -> i32 {
    let (fits, _) = text.split_at(text.len().min(room));
    let bytes: Vec<u8> = fits.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    if !bytes.is_empty() {
        guest::store(to, &bytes);
    }
    if text.len() < room {
        guest::write(to + bytes.len(), 0u16);
    }
    if text.len() > room {
        -1
    } else {
        text.len() as i32
    }
}

fn print_narrow(to: usize, room: usize, template: usize, list: usize) -> i32 {
    let template = format::narrow(template, usize::MAX);
    put_narrow(to, room, &format::format(&template, &mut List(list), false))
}

fn print_wide(to: usize, room: usize, template: usize, list: usize) -> i32 {
    let template = format::wide(template, usize::MAX);
    put_wide(to, room, &format::format(&template, &mut List(list), true))
}

pub extern "win64" fn _vsnprintf(to: usize, room: usize, template: usize, list: usize) -> i32 {
    print_narrow(to, room, template, list)
}

pub extern "win64" fn _vsnwprintf(to: usize, room: usize, template: usize, list: usize) -> i32 {
    print_wide(to, room, template, list)
}

pub extern "win64" fn vsprintf_s(to: usize, room: usize, template: usize, list: usize) -> i32 {
    print_narrow(to, room, template, list)
}

pub extern "win64" fn vswprintf_s(to: usize, room: usize, template: usize, list: usize) -> i32 {
    print_wide(to, room, template, list)
}

/// Makes a routine with any number of arguments, of which the first ones come in registers. More than this nobody writes in
/// one line.
macro_rules! variadic {
    ($($(#[$doc:meta])* $name:ident($($fixed:ident),*) => |$arguments:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub extern "win64" fn $name(
                $($fixed: usize,)*
                a: usize, b: usize, c: usize, d: usize, e: usize, f: usize, g: usize, h: usize, i: usize, j: usize,
                k: usize, l: usize, m: usize, n: usize,
            ) -> i32 {
                let mut $arguments = [a, b, c, d, e, f, g, h, i, j, k, l, m, n].into_iter();
                $body
            }
        )*
    };
}

variadic! {
    _snprintf(to, room, template) => |arguments| {
        let template = format::narrow(template, usize::MAX);
        put_narrow(to, room, &format::format(&template, &mut arguments, false))
    };
    _snwprintf(to, room, template) => |arguments| {
        let template = format::wide(template, usize::MAX);
        put_wide(to, room, &format::format(&template, &mut arguments, true))
    };
    sprintf_s(to, room, template) => |arguments| {
        let template = format::narrow(template, usize::MAX);
        put_narrow(to, room, &format::format(&template, &mut arguments, false))
    };
    swprintf_s(to, room, template) => |arguments| {
        let template = format::wide(template, usize::MAX);
        put_wide(to, room, &format::format(&template, &mut arguments, true))
    };
    sprintf(to, template) => |arguments| {
        let template = format::narrow(template, usize::MAX);
        let text = format::format(&template, &mut arguments, false);
        put_narrow(to, text.len() + 1, &text)
    };
    swprintf(to, template) => |arguments| {
        let template = format::wide(template, usize::MAX);
        let text = format::format(&template, &mut arguments, true);
        put_wide(to, text.len() + 1, &text)
    };
}

/// The letters of a string, of one or two bytes each.
fn letters(address: usize, unit: usize, limit: usize) -> Vec<u16> {
    if unit == 1 {
        format::narrow(address, limit)
    } else {
        format::wide(address, limit)
    }
}

fn lower(text: Vec<u16>) -> Vec<u16> {
    let lower =
        |unit: u16| u8::try_from(unit).map_or(unit, |it| u16::from(it.to_ascii_lowercase()));
    text.into_iter().map(lower).collect()
}

fn put(to: usize, unit: usize, text: &[u16]) -> usize {
    if unit == 1 {
        put_narrow(to, text.len() + 1, text);
    } else {
        put_wide(to, text.len() + 1, text);
    }
    to
}

/// Copies at most `count` letters, and fills up with zeros.
fn put_padded(to: usize, unit: usize, from: usize, count: usize) -> usize {
    let mut text = letters(from, unit, count);
    text.resize(count, 0);
    if unit == 1 {
        put_narrow(to, count, &text);
    } else {
        put_wide(to, count, &text);
    }
    to
}

fn find_letter(text: usize, unit: usize, letter: u16, last: bool) -> usize {
    let mut all = letters(text, unit, usize::MAX);
    all.push(0);
    let mut places = all.iter().enumerate().filter(|(_, it)| **it == letter);
    let found = if last {
        places.next_back()
    } else {
        places.next()
    };
    found.map_or(0, |(index, _)| text + index * unit)
}

fn find_text(text: usize, unit: usize, part: usize) -> usize {
    let (all, part) = (
        letters(text, unit, usize::MAX),
        letters(part, unit, usize::MAX),
    );
    if part.is_empty() {
        return text;
    }
    let mut windows = all.windows(part.len());
    windows
        .position(|window| window == part)
        .map_or(0, |index| text + index * unit)
}

/// `EINVAL`-like answers of the routines that check.
const TOO_SMALL: i32 = 34;

fn put_checked(to: usize, unit: usize, room: usize, text: &[u16]) -> i32 {
    if text.len() >= room {
        return TOO_SMALL;
    }
    put(to, unit, text);
    0
}

macro_rules! strings {
    ($unit:expr, $letter:ty: $length:ident $bounded:ident $compare:ident $compare_first:ident $copy:ident $copy_first:ident
     $append:ident $find:ident $find_last:ident $find_text:ident $compare_plain:ident $compare_plain_first:ident
     $copy_checked:ident $append_checked:ident $copy_first_checked:ident) => {
        pub extern "win64" fn $length(text: usize) -> usize {
            letters(text, $unit, usize::MAX).len()
        }
        pub extern "win64" fn $bounded(text: usize, limit: usize) -> usize {
            letters(text, $unit, limit).len()
        }
        pub extern "win64" fn $compare(one: usize, two: usize) -> i32 {
            $compare_first(one, two, usize::MAX)
        }
        pub extern "win64" fn $compare_first(one: usize, two: usize, count: usize) -> i32 {
            letters(one, $unit, count).cmp(&letters(two, $unit, count)) as i32
        }
        pub extern "win64" fn $copy(to: usize, from: usize) -> usize {
            put(to, $unit, &letters(from, $unit, usize::MAX))
        }
        pub extern "win64" fn $copy_first(to: usize, from: usize, count: usize) -> usize {
            put_padded(to, $unit, from, count)
        }
        pub extern "win64" fn $append(to: usize, from: usize) -> usize {
            let end = to + letters(to, $unit, usize::MAX).len() * $unit;
            put(end, $unit, &letters(from, $unit, usize::MAX));
            to
        }
        pub extern "win64" fn $find(text: usize, letter: $letter) -> usize {
            find_letter(text, $unit, letter as u16, false)
        }
        pub extern "win64" fn $find_last(text: usize, letter: $letter) -> usize {
            find_letter(text, $unit, letter as u16, true)
        }
        pub extern "win64" fn $find_text(text: usize, part: usize) -> usize {
            find_text(text, $unit, part)
        }
        pub extern "win64" fn $compare_plain(one: usize, two: usize) -> i32 {
            $compare_plain_first(one, two, usize::MAX)
        }
        pub extern "win64" fn $compare_plain_first(one: usize, two: usize, count: usize) -> i32 {
            lower(letters(one, $unit, count)).cmp(&lower(letters(two, $unit, count))) as i32
        }
        pub extern "win64" fn $copy_checked(to: usize, room: usize, from: usize) -> i32 {
            put_checked(to, $unit, room, &letters(from, $unit, usize::MAX))
        }
        pub extern "win64" fn $append_checked(to: usize, room: usize, from: usize) -> i32 {
            let mut text = letters(to, $unit, room);
            text.extend(letters(from, $unit, usize::MAX));
            put_checked(to, $unit, room, &text)
        }
        pub extern "win64" fn $copy_first_checked(
            to: usize,
            room: usize,
            from: usize,
            count: usize,
        ) -> i32 {
            put_checked(to, $unit, room, &letters(from, $unit, count))
        }
    };
}

strings! {
    1, i32: strlen strnlen strcmp strncmp strcpy strncpy strcat strchr strrchr strstr _stricmp _strnicmp strcpy_s strcat_s
    strncpy_s
}
strings! {
    UNIT, u16: wcslen wcsnlen wcscmp wcsncmp wcscpy wcsncpy wcscat wcschr wcsrchr wcsstr _wcsicmp _wcsnicmp wcscpy_s
    wcscat_s wcsncpy_s
}

pub extern "win64" fn strncat(to: usize, from: usize, count: usize) -> usize {
    let end = to + letters(to, 1, usize::MAX).len();
    put(end, 1, &letters(from, 1, count));
    to
}

fn ascii(letter: i32) -> Option<u8> {
    u8::try_from(letter).ok()
}

pub extern "win64" fn tolower(letter: i32) -> i32 {
    ascii(letter).map_or(letter, |it| i32::from(it.to_ascii_lowercase()))
}

pub extern "win64" fn toupper(letter: i32) -> i32 {
    ascii(letter).map_or(letter, |it| i32::from(it.to_ascii_uppercase()))
}

pub extern "win64" fn towlower(letter: u16) -> u16 {
    tolower(i32::from(letter)) as u16
}

pub extern "win64" fn towupper(letter: u16) -> u16 {
    toupper(i32::from(letter)) as u16
}

pub extern "win64" fn isdigit(letter: i32) -> i32 {
    i32::from(ascii(letter).is_some_and(|it| it.is_ascii_digit()))
}

pub extern "win64" fn isspace(letter: i32) -> i32 {
    i32::from(ascii(letter).is_some_and(|it| it.is_ascii_whitespace()))
}

pub extern "win64" fn isprint(letter: i32) -> i32 {
    i32::from(ascii(letter).is_some_and(|it| it.is_ascii_graphic() || it == b' '))
}

pub extern "win64" fn atoi(text: usize) -> i32 {
    let text = String::from_utf16_lossy(&format::narrow(text, 32));
    let text = text.trim_start();
    let length = text
        .char_indices()
        .take_while(|(index, letter)| {
            letter.is_ascii_digit() || (*index == 0 && "+-".contains(*letter))
        })
        .count();
    text.get(..length)
        .and_then(|it| it.parse().ok())
        .unwrap_or(0)
}

pub extern "win64" fn memchr(start: usize, byte: i32, length: usize) -> usize {
    let places = start..start + length;
    places
        .into_iter()
        .find(|address| guest::read::<u8>(*address) == byte as u8)
        .unwrap_or(0)
}

pub extern "win64" fn memcpy_s(to: usize, room: usize, from: usize, length: usize) -> i32 {
    if length > room {
        return TOO_SMALL;
    }
    super::memory::memmove(to, from, length);
    0
}

pub extern "win64" fn memmove_s(to: usize, room: usize, from: usize, length: usize) -> i32 {
    memcpy_s(to, room, from, length)
}

/// As random as a test has to be.
pub extern "win64" fn rand() -> i32 {
    const ANY: i32 = 41;
    ANY
}

pub extern "win64" fn srand(_seed: u32) {}

pub extern "win64" fn _purecall() -> i32 {
    crate::finding::raise(
        &crate::rule::fault::BUG_CHECK,
        "a pure virtual function was called".into(),
    )
}
