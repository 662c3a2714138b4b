//! Rtl and Ps: which Windows this is.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{enter, exports};
use crate::guest;
use crate::nt::PASSIVE_LEVEL;
use crate::nt::status::{INVALID_PARAMETER, REVISION_MISMATCH, SUCCESS};

exports! {
    RtlGetVersion, RtlVerifyVersionInfo, VerSetConditionMask, RtlIsNtDdiVersionAvailable,
    RtlIsServicePackVersionInstalled, PsGetVersion,
}

/// Windows 11, version 24H2.
const MAJOR: u32 = 10;
const MINOR: u32 = 0;
const BUILD: u32 = 26100;

/// `OSVERSIONINFOW`, with its size first.
const SIZE: u32 = 0x114;
/// `OSVERSIONINFOEXW`.
const EXTENDED_SIZE: u32 = 0x11c;
/// `dwMajorVersion`, `dwMinorVersion`, `dwBuildNumber` and `dwPlatformId`.
const FIELDS: [(usize, u32); 4] = [(0x04, MAJOR), (0x08, MINOR), (0x0c, BUILD), (0x10, 2)];
/// `wProductType`: a workstation.
const PRODUCT_TYPE: usize = 0x11a;
const WORKSTATION: u8 = 1;

pub extern "win64" fn RtlGetVersion(information: usize) -> u32 {
    enter("RtlGetVersion", PASSIVE_LEVEL);
    let size: u32 = guest::read(information);
    if size != SIZE && size != EXTENDED_SIZE {
        return INVALID_PARAMETER;
    }
    guest::fill(information + 4, size as usize - 4, 0);
    for (offset, value) in FIELDS {
        guest::write(information + offset, value);
    }
    if size == EXTENDED_SIZE {
        guest::write(information + PRODUCT_TYPE, WORKSTATION);
    }
    SUCCESS
}

/// Each field has three bits in the mask.
const BITS: u32 = 3;

pub extern "win64" fn VerSetConditionMask(mask: u64, fields: u32, condition: u8) -> u64 {
    let shift = fields.trailing_zeros() * BITS;
    mask | u64::from(condition & 7).checked_shl(shift).unwrap_or(0)
}

pub extern "win64" fn RtlVerifyVersionInfo(information: usize, fields: u32, mask: u64) -> u32 {
    /// The bits of minor version, major version and build number in `TypeMask`, most important first.
    const ORDER: [(u32, usize, u32); 3] = [(1, 0x04, MAJOR), (0, 0x08, MINOR), (2, 0x0c, BUILD)];
    enter("RtlVerifyVersionInfo", PASSIVE_LEVEL);
    for (bit, offset, ours) in ORDER {
        if fields & (1 << bit) == 0 {
            continue;
        }
        let asked: u32 = guest::read(information + offset);
        // VER_EQUAL, VER_GREATER, VER_GREATER_EQUAL, VER_LESS and VER_LESS_EQUAL.
        let holds = match mask >> (bit * BITS) & 7 {
            1 => ours == asked,
            2 => ours > asked,
            3 => ours >= asked,
            4 => ours < asked,
            5 => ours <= asked,
            _ => return INVALID_PARAMETER,
        };
        if !holds {
            return REVISION_MISMATCH;
        }
        // The next decides only if this one is the same.
        if ours != asked {
            return SUCCESS;
        }
    }
    SUCCESS
}

pub extern "win64" fn RtlIsNtDdiVersionAvailable(version: u32) -> u8 {
    /// `NTDDI_WIN10` and later have this in their upper half.
    const TEN: u32 = 0x0a00;
    u8::from(version >> 16 <= TEN)
}

pub extern "win64" fn RtlIsServicePackVersionInstalled(version: u32) -> u8 {
    RtlIsNtDdiVersionAvailable(version)
}

pub extern "win64" fn PsGetVersion(major: usize, minor: usize, build: usize, name: usize) -> u8 {
    enter("PsGetVersion", PASSIVE_LEVEL);
    for (place, value) in [(major, MAJOR), (minor, MINOR), (build, BUILD)] {
        if place != 0 {
            guest::write(place, value);
        }
    }
    if name != 0 {
        crate::nt::unicode_string::set(name, 0, 0, 0);
    }
    0
}
