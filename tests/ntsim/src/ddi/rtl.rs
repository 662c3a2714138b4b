//! Rtl: strings. And `DbgPrint`.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

pub mod registry;
pub mod string;
pub mod version;

use super::exports;
use crate::finding;
use crate::guest;
use crate::nt::unicode_string;
use crate::rule;
use crate::world;

exports! { RtlInitUnicodeString, RtlFreeUnicodeString, RtlCopyUnicodeString, RtlEqualUnicodeString, RtlAssert, DbgPrint, DbgPrintEx, vDbgPrintEx, vDbgPrintExWithPrefix,
DbgPrintReturnControlC, DbgBreakPoint, DbgBreakPointWithStatus, RtlNtStatusToDosError, RtlNtStatusToDosErrorNoTeb }

/// Bytes per UTF-16 unit.
const UNIT: usize = 2;

pub extern "win64" fn RtlInitUnicodeString(string: usize, source: usize) {
    if source == 0 {
        return unicode_string::set(string, 0, 0, 0);
    }
    let mut length = 0;
    while guest::read::<u16>(source + length) != 0 {
        length += UNIT;
    }
    let (Ok(bytes), Ok(maximum)) = (u16::try_from(length), u16::try_from(length + UNIT)) else {
        finding::raise(
            &rule::fault::BAD_POINTER,
            "RtlInitUnicodeString of a text of over 64 KiB".into(),
        );
    };
    unicode_string::set(string, bytes, maximum, source);
}

/// Frees what a routine such as `IoRegisterDeviceInterface` allocated.
pub extern "win64" fn RtlFreeUnicodeString(string: usize) {
    let buffer: usize = guest::read(string + unicode_string::BUFFER);
    if buffer != 0 {
        if world::with(|world| world.pool.blocks.remove(&buffer).is_none()) {
            finding::raise(
                &rule::pool::DOUBLE_FREE,
                format!("RtlFreeUnicodeString of {buffer:#x}, which is not allocated"),
            );
        }
        world::kill(buffer);
    }
    unicode_string::set(string, 0, 0, 0);
}

pub extern "win64" fn RtlCopyUnicodeString(to: usize, from: usize) {
    /// `MaximumLength`.
    const MAXIMUM: usize = 2;
    let buffer: usize = guest::read(to + unicode_string::BUFFER);
    let maximum: u16 = guest::read(to + MAXIMUM);
    let length = if from == 0 {
        0
    } else {
        guest::read::<u16>(from).min(maximum)
    };
    if length != 0 {
        guest::copy(
            guest::read(from + unicode_string::BUFFER),
            buffer,
            usize::from(length),
        );
    }
    unicode_string::set(to, length, maximum, buffer);
}

pub extern "win64" fn RtlEqualUnicodeString(one: usize, two: usize, ignore_case: u8) -> u8 {
    let (one, two) = (unicode_string::text(one), unicode_string::text(two));
    u8::from(if ignore_case == 0 {
        one == two
    } else {
        one.to_uppercase() == two.to_uppercase()
    })
}

pub extern "win64" fn RtlAssert(_assertion: usize, _file: usize, line: u32, _message: usize) {
    finding::raise(&rule::fault::ASSERTION, format!("RtlAssert in line {line}"));
}

pub extern "win64" fn DbgPrint(_format: usize) -> u32 {
    0
}

pub extern "win64" fn DbgPrintEx(_component: u32, _level: u32, _format: usize) -> u32 {
    0
}

pub extern "win64" fn vDbgPrintEx(
    _component: u32,
    _level: u32,
    _format: usize,
    _list: usize,
) -> u32 {
    0
}

pub extern "win64" fn vDbgPrintExWithPrefix(
    _prefix: usize,
    _component: u32,
    _level: u32,
    _format: usize,
    _list: usize,
) -> u32 {
    0
}

pub extern "win64" fn DbgPrintReturnControlC(_format: usize) -> u32 {
    0
}

pub extern "win64" fn DbgBreakPoint() {
    finding::advise(&rule::fault::BREAKPOINT, "DbgBreakPoint was called".into());
}

pub extern "win64" fn DbgBreakPointWithStatus(status: u32) {
    finding::advise(
        &rule::fault::BREAKPOINT,
        format!("DbgBreakPointWithStatus was called with {status:#x}"),
    );
}

/// `ERROR_SUCCESS`, or `ERROR_MR_MID_NOT_FOUND`.
pub extern "win64" fn RtlNtStatusToDosError(status: u32) -> u32 {
    const UNKNOWN: u32 = 317;
    if status == 0 { 0 } else { UNKNOWN }
}

pub extern "win64" fn RtlNtStatusToDosErrorNoTeb(status: u32) -> u32 {
    RtlNtStatusToDosError(status)
}
