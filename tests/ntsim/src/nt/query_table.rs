//! `RTL_QUERY_REGISTRY_TABLE`.

use crate::guest;
use crate::nt::unicode_string;

/// `sizeof(RTL_QUERY_REGISTRY_TABLE)`.
pub const SIZE: usize = 0x38;
/// `QueryRoutine`.
pub const ROUTINE: usize = 0x00;
/// `Flags`.
pub const FLAGS: usize = 0x08;
/// `Name`.
pub const NAME: usize = 0x10;
/// `EntryContext`.
pub const CONTEXT: usize = 0x18;
/// `DefaultType`.
pub const DEFAULT_TYPE: usize = 0x20;
/// `DefaultData`.
pub const DEFAULT_DATA: usize = 0x28;
/// `DefaultLength`.
pub const DEFAULT_LENGTH: usize = 0x30;

/// `RTL_QUERY_REGISTRY`_*.
pub mod flag {
    /// The name is that of a key, which the following entries are in.
    pub const SUBKEY: u32 = 0x01;
    /// The following entries are in the first key again.
    pub const TOPKEY: u32 = 0x02;
    /// What is not there is an error.
    pub const REQUIRED: u32 = 0x04;
    /// The value is stored, and no routine called.
    pub const DIRECT: u32 = 0x20;
    /// The value has the type in the highest byte of `DefaultType`.
    pub const TYPECHECK: u32 = 0x100;
}

/// One entry, read.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// `QueryRoutine`.
    pub routine: usize,
    /// `Flags`.
    pub flags: u32,
    /// `Name`.
    pub name: usize,
    /// `EntryContext`.
    pub context: usize,
    default_type: u32,
    default_data: usize,
    default_length: u32,
}

impl Entry {
    /// The entry with this index.
    #[must_use]
    pub fn at(table: usize, index: usize) -> Self {
        let entry = table + index * SIZE;
        Self {
            routine: guest::read(entry + ROUTINE),
            flags: guest::read(entry + FLAGS),
            name: guest::read(entry + NAME),
            context: guest::read(entry + CONTEXT),
            default_type: guest::read(entry + DEFAULT_TYPE),
            default_data: guest::read(entry + DEFAULT_DATA),
            default_length: guest::read(entry + DEFAULT_LENGTH),
        }
    }

    /// Whether it only ends the table.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.routine == 0 && self.name == 0
    }

    /// The type that `TYPECHECK` asks for.
    #[must_use]
    pub const fn expected_kind(&self) -> u32 {
        self.default_type >> 24
    }

    /// The type of the default, `REG_NONE` for none.
    #[must_use]
    pub const fn default_kind(&self) -> u32 {
        self.default_type & 0x00ff_ffff
    }

    /// The default.
    #[must_use]
    pub fn default_bytes(&self) -> Vec<u8> {
        if self.default_length != 0 {
            return guest::load(self.default_data, self.default_length as usize);
        }
        unicode_string::zero_terminated_bytes(&unicode_string::zero_terminated(self.default_data))
    }
}
