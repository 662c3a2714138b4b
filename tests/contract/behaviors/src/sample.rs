//! Inputs and payloads of which a body needs just any.

use csq_protocol::message::{cancel, claim, complete, complete_next, pend};
use csq_protocol::{ioctl, status, wire};
use zerocopy::IntoBytes as _;

/// An input with which a code does something if the request gets through.
#[must_use]
pub fn well_formed(code: u32) -> Vec<u8> {
    match code {
        ioctl::PEND => pend(1, &[]),
        ioctl::COMPLETE_NEXT => complete_next(&[]),
        ioctl::CANCEL => cancel(wire::scope::ALL, 0).as_bytes().to_vec(),
        ioctl::CLAIM => claim(0).as_bytes().to_vec(),
        ioctl::COMPLETE => complete(1, status::SUCCESS, &[]),
        _ => Vec::new(),
    }
}

/// A payload of a given length in which every byte differs from its neighbours and none is
/// [`POISON`](crate::target::POISON).
#[must_use]
pub fn payload(length: usize) -> Vec<u8> {
    (0..=0x9f_u8).cycle().take(length).collect()
}
