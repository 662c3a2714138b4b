//! Which rules of the protocol the bytes of a request break.
//!
//! Each function gives what the input says, or the statuses of all rules that it breaks, of which the
//! driver may answer with any: the protocol names no order.

use csq_protocol::{MAX_PAYLOAD, VERSION, status, wire};
use zerocopy::FromBytes;
use zerocopy::little_endian::U32;

use crate::ending::length;

/// `STATUS_REPARSE`.
const REPARSE: u32 = 0x0000_0104;
/// `STATUS_VERIFY_REQUIRED`.
const VERIFY_REQUIRED: u32 = 0x8000_0016;

/// The statuses of the broken rules.
pub type Faults = Vec<u32>;

/// What a `CANCEL` is about.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// All.
    All,
    /// Those with a tag.
    Tag(u64),
    /// The one with an id.
    Id(u64),
}

/// An input that is none.
///
/// # Errors
/// See the module.
pub fn none(input: &[u8], room: usize, needed: usize) -> Result<(), Faults> {
    let mut faults = too_small(room, needed);
    if !input.is_empty() {
        faults.push(status::INFO_LENGTH_MISMATCH);
    }
    unless(faults, ())
}

/// Tag, timeout and payload.
///
/// # Errors
/// See the module.
pub fn pend(input: &[u8], room: usize) -> Result<(u64, u32, &[u8]), Faults> {
    let (head, payload) = begin::<wire::Pend>(input)?;
    let mut faults = wrong_version(head.version);
    faults.extend(wrong_payload(head.payload_length, payload));
    faults.extend(invalid(head.reserved != 0));
    let is_too_large = room > MAX_PAYLOAD as usize;
    faults.extend(fault(is_too_large, status::INVALID_BUFFER_SIZE));
    unless(faults, (head.tag.get(), head.timeout.get(), payload))
}

/// Payload.
///
/// # Errors
/// See the module.
pub fn complete_next(input: &[u8], room: usize) -> Result<&[u8], Faults> {
    let (head, payload) = begin::<wire::CompleteNext>(input)?;
    let mut faults = wrong_version(head.version);
    faults.extend(wrong_payload(head.payload_length, payload));
    faults.extend(too_small(room, size_of::<wire::Completed>()));
    unless(faults, payload)
}

/// Whether to wait.
///
/// # Errors
/// See the module.
pub fn claim(input: &[u8], room: usize) -> Result<bool, Faults> {
    let (head, rest) = begin::<wire::Claim>(input)?;
    let mut faults = wrong_version(head.version);
    faults.extend(too_long(rest));
    faults.extend(invalid(head.flags.get() > wire::claim::WAIT));
    let needed = size_of::<wire::Claimed>() + MAX_PAYLOAD as usize;
    faults.extend(too_small(room, needed));
    let wait = head.flags == wire::claim::WAIT;
    faults.extend(fault(wait && room > needed, status::INVALID_BUFFER_SIZE));
    unless(faults, wait)
}

/// Id, status and payload.
///
/// # Errors
/// See the module.
pub fn complete(input: &[u8], room: usize) -> Result<(u64, u32, &[u8]), Faults> {
    let (head, payload) = begin::<wire::Complete>(input)?;
    let code = head.status.get();
    let is_error = code >> 30 == 3;
    let mut faults = wrong_version(head.version);
    faults.extend(wrong_payload(head.payload_length, payload));
    faults.extend(invalid(
        head.reserved != 0
            || matches!(code, status::PENDING | REPARSE | VERIFY_REQUIRED | u32::MAX)
            || is_error && !payload.is_empty(),
    ));
    faults.extend(too_small(room, size_of::<wire::Delivered>()));
    unless(faults, (head.id.get(), code, payload))
}

/// What to cancel.
///
/// # Errors
/// See the module.
pub fn cancel(input: &[u8], room: usize) -> Result<Scope, Faults> {
    let (head, rest) = begin::<wire::Cancel>(input)?;
    let scope = match (head.scope.get(), head.target.get()) {
        (wire::scope::ALL, 0) => Some(Scope::All),
        (wire::scope::TAG, tag) => Some(Scope::Tag(tag)),
        (wire::scope::ID, id) => Some(Scope::Id(id)),
        _ => None,
    };
    let mut faults = wrong_version(head.version);
    faults.extend(too_long(rest));
    faults.extend(invalid(scope.is_none()));
    faults.extend(too_small(room, size_of::<wire::Canceled>()));
    match scope {
        Some(scope) => unless(faults, scope),
        None => Err(faults),
    }
}

fn unless<T>(faults: Faults, meaning: T) -> Result<T, Faults> {
    if faults.is_empty() {
        Ok(meaning)
    } else {
        Err(faults)
    }
}

fn begin<T: FromBytes>(input: &[u8]) -> Result<(T, &[u8]), Faults> {
    T::read_from_prefix(input).map_err(|_| vec![status::INFO_LENGTH_MISMATCH])
}

fn wrong_version(version: U32) -> Faults {
    fault(version != VERSION, status::REVISION_MISMATCH)
}

fn wrong_payload(declared: U32, payload: &[u8]) -> Faults {
    let mut faults = fault(declared.get() > MAX_PAYLOAD, status::INVALID_BUFFER_SIZE);
    faults.extend(fault(
        declared != length(payload),
        status::INFO_LENGTH_MISMATCH,
    ));
    faults
}

fn too_long(rest: &[u8]) -> Faults {
    fault(!rest.is_empty(), status::INFO_LENGTH_MISMATCH)
}

fn too_small(room: usize, needed: usize) -> Faults {
    fault(room < needed, status::BUFFER_TOO_SMALL)
}

fn invalid(broken: bool) -> Faults {
    fault(broken, status::INVALID_PARAMETER)
}

fn fault(broken: bool, status: u32) -> Faults {
    if broken { vec![status] } else { Vec::new() }
}
