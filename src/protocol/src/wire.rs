//! What travels in the buffers: fixed-width little-endian fields, no padding, no pointers.
//!
//! No padding is checked by the derived [`IntoBytes`], which refuses to compile otherwise
//! (TR-85, TR-86); the sizes are asserted below because programs in other languages rely on them.

use core::mem::offset_of;

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// What csq.h says of a structure.
pub struct Structure {
    /// Its name in Rust.
    pub name: &'static str,
    /// Its documentation, line by line.
    pub docs: &'static [&'static str],
    /// In bytes.
    pub size: usize,
    /// In their order.
    pub fields: &'static [Field],
}

/// What csq.h says of a field.
pub struct Field {
    /// Its name in Rust.
    pub name: &'static str,
    /// Its documentation, line by line.
    pub docs: &'static [&'static str],
    /// From the beginning of the structure, in bytes.
    pub offset: usize,
    /// In bytes.
    pub size: usize,
}

macro_rules! wire {
    ($($(#[doc = $doc:literal])* $name:ident, $size:literal bytes {
        $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)*
    })*) => {$(
        $(#[doc = $doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq,
            FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
        )]
        #[repr(C)]
        pub struct $name {
            $($(#[doc = $field_doc])* pub $field: $type,)*
        }
        // TR-86: the same for every program.
        const _: () = assert!(size_of::<$name>() == $size);
    )*

        /// All structures.
        pub const STRUCTURES: &[Structure] = &[$(Structure {
            name: stringify!($name),
            docs: &[$($doc),*],
            size: size_of::<$name>(),
            fields: &[$(Field {
                name: stringify!($field),
                docs: &[$($field_doc),*],
                offset: offset_of!($name, $field),
                size: size_of::<$type>(),
            }),*],
        }),*];
    };
}

wire! {
    /// Answer to [`crate::ioctl::QUERY_VERSION`].
    Version, 16 bytes {
        /// [`crate::VERSION`] of the driver.
        version: U32,
        /// The longest payload it takes, in bytes.
        max_payload: U32,
        /// How many requests may be with the device at once, those of all handles together.
        /// Waiting claims count as requests.
        device_limit: U32,
        /// How many of them one handle may have.
        handle_limit: U32,
    }

    /// Input of [`crate::ioctl::PEND`]; the payload follows.
    Pend, 24 bytes {
        /// [`crate::VERSION`].
        version: U32,
        /// After how many milliseconds the request ends by itself with
        /// [`crate::status::IO_TIMEOUT`]; 0 for never.
        timeout: U32,
        /// The caller's name for the request. Need not be unique.
        tag: U64,
        /// Length of the payload in bytes.
        payload_length: U32,
        /// Zero.
        reserved: U32,
    }

    /// Input of [`crate::ioctl::COMPLETE_NEXT`]; the payload follows.
    CompleteNext, 8 bytes {
        /// [`crate::VERSION`].
        version: U32,
        /// Length of the payload in bytes.
        payload_length: U32,
    }

    /// Answer to [`crate::ioctl::COMPLETE_NEXT`].
    Completed, 24 bytes {
        /// The driver's name for the request. It is not used for another one for at least 2^32
        /// requests.
        id: U64,
        /// The [`Pend::tag`] it was pended with.
        tag: U64,
        /// How many bytes of the payload fitted into the request's output buffer. If it was not
        /// all of them, the request ended with [`crate::status::BUFFER_OVERFLOW`].
        delivered: U32,
        /// Zero.
        reserved: U32,
    }

    /// Input of [`crate::ioctl::CLAIM`].
    Claim, 8 bytes {
        /// [`crate::VERSION`].
        version: U32,
        /// Zero or [`claim::WAIT`].
        flags: U32,
    }

    /// Answer to [`crate::ioctl::CLAIM`]; the payload follows. The output buffer must have room
    /// for [`crate::MAX_PAYLOAD`] bytes of it, so that any request fits.
    Claimed, 24 bytes {
        /// The driver's name for the request, for [`Complete::id`].
        id: U64,
        /// The [`Pend::tag`] it was pended with.
        tag: U64,
        /// Length of the payload in bytes.
        payload_length: U32,
        /// Zero.
        reserved: U32,
    }

    /// Input of [`crate::ioctl::COMPLETE`]; the payload follows.
    Complete, 24 bytes {
        /// [`crate::VERSION`].
        version: U32,
        /// The NTSTATUS the request is to end with. None of [`crate::status::NO_ENDING`].
        status: U32,
        /// The [`Claimed::id`].
        id: U64,
        /// Length of the payload in bytes. Zero if `status` is an error: the I/O manager gives a
        /// program no output then.
        payload_length: U32,
        /// Zero.
        reserved: U32,
    }

    /// Answer to [`crate::ioctl::COMPLETE`].
    Delivered, 8 bytes {
        /// How many bytes of the payload fitted into the request's output buffer. If it was not
        /// all of them, the request ended with [`crate::status::BUFFER_OVERFLOW`].
        delivered: U32,
        /// Zero.
        reserved: U32,
    }

    /// Input of [`crate::ioctl::CANCEL`].
    Cancel, 16 bytes {
        /// [`crate::VERSION`].
        version: U32,
        /// One of [`scope`].
        scope: U32,
        /// With [`scope::TAG`] the tag, with [`scope::ID`] the id; otherwise zero.
        target: U64,
    }

    /// Answer to [`crate::ioctl::CANCEL`].
    Canceled, 8 bytes {
        /// How many requests ended.
        count: U64,
    }

    /// Answer to [`crate::ioctl::QUERY_STATISTICS`]: one snapshot, in which at every instant
    /// `pended == completed + canceled + timed_out + flushed + pending + claimed`.
    Statistics, 88 bytes {
        /// Requests the driver has ever taken.
        pended: U64,
        /// Ended by a server.
        completed: U64,
        /// Ended by `CancelIoEx`, [`crate::ioctl::CANCEL`] or the end of a thread.
        canceled: U64,
        /// Ended by their timeout.
        timed_out: U64,
        /// Ended because their handle was closed or the device went away.
        flushed: U64,
        /// Waiting for a server now.
        pending: U64,
        /// With a server now.
        claimed: U64,
        /// The most that were ever pending and claimed at once.
        high_water: U64,
        /// Handles open now, the asking one included.
        handles: U64,
        /// Requests and claims that were turned away with [`crate::status::QUOTA_EXCEEDED`].
        refused: U64,
        /// Claims that wait for a request now.
        waiting: U64,
    }
}

/// What csq.h says of values of a field: the module with them, its documentation, and each with its name, value
/// and documentation.
pub type Values = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, u32, &'static [&'static str])],
);

macro_rules! values {
    ($($(#[doc = $doc:literal])* $module:ident {
        $($(#[doc = $value_doc:literal])* $name:ident = $value:literal;)*
    })*) => {
        $(
            $(#[doc = $doc])*
            pub mod $module {
                $($(#[doc = $value_doc])* pub const $name: u32 = $value;)*
            }
        )*

        /// All modules with values of fields.
        pub const VALUES: &[Values] = &[$((
            stringify!($module),
            &[$($doc),*],
            &[$((stringify!($name), $value, &[$($value_doc),*])),*],
        )),*];
    };
}

values! {
    /// Which requests [`crate::ioctl::CANCEL`] ends. Always only those of the handle that asks.
    scope {
        /// All of them.
        ALL = 0;
        /// Those pended with one tag.
        TAG = 1;
        /// The one with an id.
        ID = 2;
    }

    /// The flags of [`crate::ioctl::CLAIM`].
    claim {
        /// If nothing is pending, the claim itself pends until something is.
        WAIT = 1;
    }
}

impl Statistics {
    /// Requests that have ended, however. Counts that no driver can have reached are not added up
    /// beyond `u64::MAX`.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        let by_others = self.completed.get().saturating_add(self.canceled.get());
        by_others
            .saturating_add(self.timed_out.get())
            .saturating_add(self.flushed.get())
    }

    /// Whether every request that came in is accounted for.
    #[must_use]
    pub const fn balances(&self) -> bool {
        let now = self.pending.get().saturating_add(self.claimed.get());
        self.pended.get() == self.ended().saturating_add(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_little_endian_and_in_order() {
        let pend = Pend {
            version: 1.into(),
            timeout: 2.into(),
            tag: 3.into(),
            payload_length: 4.into(),
            reserved: 0.into(),
        };
        assert_eq!(
            pend.as_bytes(),
            [
                1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0
            ]
        );
        assert_eq!(Pend::read_from_prefix(pend.as_bytes()), Ok((pend, &[][..])));
    }

    #[test]
    fn a_short_input_is_refused() {
        assert!(Cancel::read_from_prefix(&[0; 15]).is_err());
    }

    #[test]
    fn the_account_balances_or_does_not() {
        let mut statistics = Statistics {
            pended: 5.into(),
            completed: 1.into(),
            canceled: 1.into(),
            flushed: 1.into(),
            pending: 2.into(),
            ..Statistics::default()
        };
        assert!(statistics.balances());
        statistics.pending = 1.into();
        assert!(!statistics.balances());
        statistics.completed = u64::MAX.into();
        assert!(!statistics.balances());
    }
}
