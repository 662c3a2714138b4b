//! What an event is.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::metadata::FieldType;

/// How much an event matters; less is more. A session asks for all events up to a level.
///
/// The values are those of `winmeta.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    /// Something was turned away.
    Warning = 3,
    /// Something out of the ordinary.
    Information = 4,
    /// The daily traffic.
    Verbose = 5,
}

/// A kind of event: a structure without padding.
pub trait Event: IntoBytes + Immutable {
    /// What tools call it.
    const NAME: &'static str;
    /// How much it matters.
    const LEVEL: Level;
    /// Which categories it belongs to, a bit each. Not zero.
    const KEYWORD: u64;
    /// How it describes itself, see [`metadata::event`](crate::metadata::event).
    const METADATA: &'static [u8];
}

/// What a field of an event may be.
pub trait Field {
    /// How tools are told to read and to show it.
    const TYPE: FieldType;
}

impl Field for u8 {
    const TYPE: FieldType = FieldType::UINT8;
}

impl Field for U32 {
    const TYPE: FieldType = FieldType::UINT32;
}

impl Field for U64 {
    const TYPE: FieldType = FieldType::UINT64;
}

/// An `NTSTATUS`, shown by its name.
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(transparent)]
pub struct Status(U32);

impl From<u32> for Status {
    fn from(code: u32) -> Self {
        Self(U32::new(code))
    }
}

impl Field for Status {
    const TYPE: FieldType = FieldType::NTSTATUS;
}

/// Declares events: name, level, categories, and the fields in the order in which tools show them.
#[macro_export]
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident, $level:ident, $keyword:expr => {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug,
            zerocopy::Immutable, zerocopy::IntoBytes, zerocopy::KnownLayout, zerocopy::Unaligned,
        )]
        #[repr(C)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            /// The event with these fields.
            #[inline]
            pub fn new($($field: impl Into<$type>),*) -> Self {
                Self { $($field: $field.into(),)* }
            }
        }

        impl $crate::Event for $name {
            const NAME: &'static str = stringify!($name);
            const LEVEL: $crate::Level = $crate::Level::$level;
            const KEYWORD: u64 = $keyword;
            const METADATA: &'static [u8] = {
                const FIELDS: &[(&str, $crate::metadata::FieldType)] =
                    &[$((stringify!($field), <$type as $crate::Field>::TYPE),)*];
                const SIZE: usize = $crate::metadata::event_size(stringify!($name), FIELDS);
                const BYTES: [u8; SIZE] = $crate::metadata::event(stringify!($name), FIELDS);
                &BYTES
            };
        }
    )*};
}
