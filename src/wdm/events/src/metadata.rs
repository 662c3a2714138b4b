//! The bytes with which a provider and its events describe themselves.
//!
//! ```text
//! provider   size: u16   name: UTF-8, then 0
//! event      size: u16   0   name: UTF-8, then 0   field...
//! field      name: UTF-8, then 0   in type: u8   out type: u8, if the in type has its high bit set
//! ```
//!
//! Sizes count themselves. The 0 before an event's name stands for "no tags". The provider's is the
//! format of "Provider Traits",
//! <https://learn.microsoft.com/windows/win32/etw/provider-traits>, with no trait; the event's is
//! what Microsoft's `TraceLoggingProvider.h` writes.
//!
//! # Panics
//!
//! The functions are for the compiler, and what they refuse does not compile: a size that 16 bits
//! cannot hold, and a name with a 0 in it.

#![expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses an index out of bounds"
)]

/// How a field is stored, and how it is to be shown: `TlgIn_t` and `TlgOut_t` of
/// `TraceLoggingProvider.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType {
    stored: u8,
    shown: u8,
}

impl FieldType {
    /// `TlgInUINT8`.
    pub const UINT8: Self = Self::plain(4);
    /// `TlgInUINT32`.
    pub const UINT32: Self = Self::plain(8);
    /// `TlgInUINT64`.
    pub const UINT64: Self = Self::plain(10);
    /// `TlgInINT32`, `TlgOutNTSTATUS`: what `TraceLoggingNTStatus` writes.
    pub const NTSTATUS: Self = Self {
        stored: 7,
        shown: 14,
    };

    /// Shown as is usual for how it is stored.
    const fn plain(stored: u8) -> Self {
        Self { stored, shown: 0 }
    }

    /// How many bytes describe it.
    const fn size(self) -> usize {
        if self.shown == 0 { 1 } else { 2 }
    }
}

/// The length of a [`provider`].
#[must_use]
pub const fn provider_size(name: &str) -> usize {
    SIZE + string_size(name)
}

/// Describes a provider. `N` is its [`provider_size`].
#[must_use]
pub const fn provider<const N: usize>(name: &str) -> [u8; N] {
    Bytes::new().string(name).done()
}

/// The length of an [`event`].
#[must_use]
pub const fn event_size(name: &str, fields: &[(&str, FieldType)]) -> usize {
    let mut size = SIZE + 1 + string_size(name);
    let mut index = 0;
    while index < fields.len() {
        let (name, kind) = fields[index];
        size += string_size(name) + kind.size();
        index += 1;
    }
    size
}

/// Describes an event. `N` is its [`event_size`].
#[must_use]
pub const fn event<const N: usize>(name: &str, fields: &[(&str, FieldType)]) -> [u8; N] {
    /// In front of an in type: an out type follows.
    const CHAIN: u8 = 0x80;
    let mut bytes = Bytes::new().byte(0).string(name);
    let mut index = 0;
    while index < fields.len() {
        let (name, kind) = fields[index];
        bytes = bytes.string(name);
        bytes = if kind.shown == 0 {
            bytes.byte(kind.stored)
        } else {
            bytes.byte(kind.stored | CHAIN).byte(kind.shown)
        };
        index += 1;
    }
    bytes.done()
}

/// The length of the size in front.
const SIZE: usize = size_of::<u16>();

const fn string_size(string: &str) -> usize {
    string.len() + 1
}

/// `N` bytes, of which some are written. The size comes first.
struct Bytes<const N: usize> {
    all: [u8; N],
    written: usize,
}

impl<const N: usize> Bytes<N> {
    #[expect(clippy::cast_possible_truncation, reason = "asserted to fit")]
    const fn new() -> Self {
        assert!(N <= u16::MAX as usize);
        let [low, high] = (N as u16).to_le_bytes();
        Self {
            all: [0; N],
            written: 0,
        }
        .byte(low)
        .byte(high)
    }

    const fn byte(mut self, byte: u8) -> Self {
        self.all[self.written] = byte;
        self.written += 1;
        self
    }

    const fn string(mut self, string: &str) -> Self {
        let mut index = 0;
        while index < string.len() {
            let byte = string.as_bytes()[index];
            assert!(byte != 0);
            self = self.byte(byte);
            index += 1;
        }
        self.byte(0)
    }

    const fn done(self) -> [u8; N] {
        assert!(self.written == N);
        self.all
    }
}
