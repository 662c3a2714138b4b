//! `RTL_QUERY_REGISTRY_TYPECHECK`, which Wine's `RtlQueryRegistryValues` does not know.
//!
//! After <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlqueryregistryvalues>.
//! Wine reads the registry, here too. A table that asks for checks goes to it twice: first with a
//! routine in the place of each checked entry that sees the value's type, then up to the entry
//! whose type is wrong, without what Wine misunderstands:
//!
//! - the expected type in the upper byte of `DefaultType`, which it takes for a part of the type;
//! - a value that is absent and has no default, which must be left out, but fails the call.
//!
//! UNSAFETY: reads the table a driver gives.
#![expect(unsafe_code, reason = "reads a driver's table")]

use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::{null, null_mut};

use crate::abi::{STATUS_OBJECT_TYPE_MISMATCH, STATUS_SUCCESS, Status};

/// `RTL_QUERY_REGISTRY_SUBKEY` and `RTL_QUERY_REGISTRY_TOPKEY`: which key the next entries are of.
const WHERE: u32 = 0x01 | 0x02;
/// `RTL_QUERY_REGISTRY_REQUIRED`.
const REQUIRED: u32 = 0x04;
/// `RTL_QUERY_REGISTRY_NOEXPAND`.
const NO_EXPAND: u32 = 0x10;
/// `RTL_QUERY_REGISTRY_DIRECT`.
pub const DIRECT: u32 = 0x20;
/// `RTL_QUERY_REGISTRY_TYPECHECK`.
pub const TYPE_CHECK: u32 = 0x100;
/// `RTL_QUERY_REGISTRY_TYPECHECK_SHIFT`.
const SHIFT: u32 = 24;
/// `REG_NONE`.
const REG_NONE: u32 = 0;

/// `PRTL_QUERY_REGISTRY_ROUTINE`.
pub type QueryRoutine = unsafe extern "system" fn(
    name: *const u16,
    kind: u32,
    data: *const c_void,
    length: u32,
    context: *mut c_void,
    entry_context: *mut c_void,
) -> Status;

/// `RTL_QUERY_REGISTRY_TABLE`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Entry {
    /// Told of the value.
    pub routine: Option<QueryRoutine>,
    /// `RTL_QUERY_REGISTRY_*`.
    pub flags: u32,
    /// Of the value, with its zero.
    pub name: *const u16,
    /// For the routine; with [`DIRECT`], where the value goes.
    pub entry_context: *mut c_void,
    /// `REG_*` of the default, and with [`TYPE_CHECK`] the expected one above it.
    pub default_type: u32,
    /// What an absent value counts as.
    pub default_data: *const c_void,
    /// Its bytes.
    pub default_length: u32,
}

const _: () = {
    assert!(size_of::<Entry>() == 0x38);
    assert!(offset_of!(Entry, name) == 0x10);
    assert!(offset_of!(Entry, default_data) == 0x28);
};

impl Entry {
    /// The one after the last.
    pub const END: Self = Self {
        routine: None,
        flags: 0,
        name: null(),
        entry_context: null_mut(),
        default_type: REG_NONE,
        default_data: null(),
        default_length: 0,
    };

    fn is_end(&self) -> bool {
        self.routine.is_none() && self.name.is_null()
    }

    fn is_checked(&self) -> bool {
        self.flags & (DIRECT | TYPE_CHECK) == DIRECT | TYPE_CHECK
    }

    /// The same place in the table, with no effect but on where the next entries are looked up.
    fn ignored(&self) -> Self {
        Self {
            routine: Some(ignore),
            flags: self.flags & WHERE,
            default_data: (&raw const ABSENT).cast(),
            ..*self
        }
    }

    /// The same value, shown to [`see`].
    fn shown(&self, seen: &mut Seen) -> Self {
        Self {
            routine: Some(see),
            flags: self.flags & WHERE | NO_EXPAND,
            entry_context: (&raw mut *seen).cast(),
            default_type: REG_NONE,
            default_data: (&raw const ABSENT).cast(),
            default_length: 0,
            ..*self
        }
    }

    /// As Wine understands it.
    fn for_wine(&self, seen: Seen) -> Self {
        if !self.is_checked() {
            return *self;
        }
        let plain = Self {
            flags: self.flags & !TYPE_CHECK,
            default_type: self.default_type & 0xff,
            ..*self
        };
        let is_optional = plain.default_type == REG_NONE && self.flags & REQUIRED == 0;
        match seen {
            Seen::Nothing if is_optional => self.ignored(),
            _ => plain,
        }
    }
}

/// Stands for the data of a value that is not there.
static ABSENT: u64 = 0;

/// What was found under a checked entry's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Not looked for, or not there.
    Nothing,
    /// A value of this type.
    Value(u32),
}

unsafe extern "system" fn ignore(
    _: *const u16,
    _: u32,
    _: *const c_void,
    _: u32,
    _: *mut c_void,
    _: *mut c_void,
) -> Status {
    STATUS_SUCCESS
}

unsafe extern "system" fn see(
    _: *const u16,
    kind: u32,
    data: *const c_void,
    _: u32,
    _: *mut c_void,
    seen: *mut c_void,
) -> Status {
    if data != (&raw const ABSENT).cast() {
        // SAFETY: `shown` has given it, and nobody else uses it during the call.
        unsafe { *seen.cast() = Seen::Value(kind) };
    }
    STATUS_SUCCESS
}

/// `RtlQueryRegistryValues`; `query` is Wine's, for a key that it knows.
///
/// # Safety
/// `table` ends with [`Entry::END`], and its entries are as documented.
pub unsafe fn query_values(
    table: *const Entry,
    mut query: impl FnMut(*mut Entry) -> Status,
) -> Status {
    // SAFETY: by the caller.
    let entries = unsafe { entries(table) };
    if !entries.iter().any(Entry::is_checked) {
        return query(table.cast_mut());
    }
    let mut seen = vec![Seen::Nothing; entries.len()];
    let mut pass: Vec<Entry> = entries
        .iter()
        .zip(&mut seen)
        .map(|(entry, seen)| {
            if entry.is_checked() {
                entry.shown(seen)
            } else {
                entry.ignored()
            }
        })
        .collect();
    pass.push(Entry::END);
    let status = query(pass.as_mut_ptr());
    if status < 0 {
        return status;
    }

    let wrong = |(entry, seen): (&Entry, &Seen)| match seen {
        Seen::Value(kind) => *kind != entry.default_type >> SHIFT,
        Seen::Nothing => false,
    };
    let mismatch = entries.iter().zip(&seen).position(wrong);
    let mut pass: Vec<Entry> = entries
        .iter()
        .zip(&seen)
        .take(mismatch.unwrap_or(entries.len()))
        .map(|(entry, seen)| entry.for_wine(*seen))
        .collect();
    pass.push(Entry::END);
    let status = query(pass.as_mut_ptr());
    if mismatch.is_some() && status >= 0 {
        STATUS_OBJECT_TYPE_MISMATCH
    } else {
        status
    }
}

/// The entries before the end.
///
/// # Safety
/// `table` ends with [`Entry::END`], and nobody changes it meanwhile.
unsafe fn entries<'t>(table: *const Entry) -> &'t [Entry] {
    let mut count = 0;
    loop {
        // SAFETY: the end has not come yet.
        let entry = unsafe { table.add(count) };
        // SAFETY: as above.
        if unsafe { (*entry).is_end() } {
            break;
        }
        count += 1;
    }
    // SAFETY: counted above.
    unsafe { core::slice::from_raw_parts(table, count) }
}

#[cfg(test)]
mod tests;
