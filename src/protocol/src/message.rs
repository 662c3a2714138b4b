//! The bytes that a program sends with each control code.

use alloc::vec::Vec;

use zerocopy::{Immutable, IntoBytes};

use crate::{MAX_PAYLOAD, VERSION, wire};

/// A length as it stands in a structure. That of a payload which is far too long is refused by the driver.
fn wire_length(payload: &[u8]) -> zerocopy::little_endian::U32 {
    u32::try_from(payload.len()).unwrap_or(u32::MAX).into()
}

/// A well-formed [`wire::Pend`] of a request without a timeout, without its payload.
#[must_use]
pub fn pend_header(tag: u64, payload: &[u8]) -> wire::Pend {
    wire::Pend {
        version: VERSION.into(),
        timeout: 0.into(),
        tag: tag.into(),
        payload_length: wire_length(payload),
        reserved: 0.into(),
    }
}

/// Input of `PEND`.
#[must_use]
pub fn pend(tag: u64, payload: &[u8]) -> Vec<u8> {
    with_payload(&pend_header(tag, payload), payload)
}

/// Input of `PEND` with a timeout in milliseconds.
#[must_use]
pub fn pend_timed(tag: u64, timeout: u32, payload: &[u8]) -> Vec<u8> {
    let mut header = pend_header(tag, payload);
    header.timeout = timeout.into();
    with_payload(&header, payload)
}

/// A well-formed [`wire::CompleteNext`], without its payload.
#[must_use]
pub fn complete_next_header(payload: &[u8]) -> wire::CompleteNext {
    wire::CompleteNext {
        version: VERSION.into(),
        payload_length: wire_length(payload),
    }
}

/// Input of `COMPLETE_NEXT`.
#[must_use]
pub fn complete_next(payload: &[u8]) -> Vec<u8> {
    with_payload(&complete_next_header(payload), payload)
}

/// A well-formed [`wire::Cancel`].
#[must_use]
pub fn cancel(scope: u32, target: u64) -> wire::Cancel {
    wire::Cancel {
        version: VERSION.into(),
        scope: scope.into(),
        target: target.into(),
    }
}

/// A well-formed [`wire::Claim`].
#[must_use]
pub fn claim(flags: u32) -> wire::Claim {
    wire::Claim {
        version: VERSION.into(),
        flags: flags.into(),
    }
}

/// A well-formed [`wire::Complete`], without its payload.
#[must_use]
pub fn complete_header(id: u64, status: u32, payload: &[u8]) -> wire::Complete {
    wire::Complete {
        version: VERSION.into(),
        status: status.into(),
        id: id.into(),
        payload_length: wire_length(payload),
        reserved: 0.into(),
    }
}

/// Input of `COMPLETE`.
#[must_use]
pub fn complete(id: u64, status: u32, payload: &[u8]) -> Vec<u8> {
    with_payload(&complete_header(id, status, payload), payload)
}

/// Length of an output buffer in which the answer to any code has room.
pub const ANY_ROOM: usize = size_of::<wire::Claimed>() + MAX_PAYLOAD as usize;

/// A structure followed by a payload.
#[must_use]
pub fn with_payload(header: &(impl IntoBytes + Immutable), payload: &[u8]) -> Vec<u8> {
    [header.as_bytes(), payload].concat()
}
