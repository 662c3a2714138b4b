//! Device control: decodes the input of each code, and checks all of it before anything happens.
//!
//! `csq_protocol` lists what is answered to bad input. What is left for [`crate::requests`] after
//! the checks here can only fail because of the state of the device.

use core::cmp::Ordering;

use csq_protocol::wire::{
    Cancel, Canceled, Claim, Claimed, Complete, CompleteNext, Completed, Delivered, Pend, Version,
    claim, scope,
};
use csq_protocol::{MAX_PAYLOAD, VERSION, ioctl, status};
use wdm::{Call, Control, Dispatched, Irp, NtStatus};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::device::Csq;
use crate::pending::Scope;
use crate::{parameters, requests};

const BUFFER_TOO_SMALL: NtStatus = NtStatus::from_code(status::BUFFER_TOO_SMALL);
const INFO_LENGTH_MISMATCH: NtStatus = NtStatus::from_code(status::INFO_LENGTH_MISMATCH);
const INVALID_BUFFER_SIZE: NtStatus = NtStatus::from_code(status::INVALID_BUFFER_SIZE);
const INVALID_PARAMETER: NtStatus = NtStatus::from_code(status::INVALID_PARAMETER);
const NOT_FOUND: NtStatus = NtStatus::from_code(status::NOT_FOUND);
const REVISION_MISMATCH: NtStatus = NtStatus::from_code(status::REVISION_MISMATCH);

/// How much room a claim has for an answer.
const CLAIM_ROOM: usize = size_of::<Claimed>() + MAX_PAYLOAD as usize;

/// A device control request.
type Request = Irp<Csq, Control>;

/// `IRP_MJ_DEVICE_CONTROL`.
pub fn dispatch(irp: Request, call: &mut Call) -> Dispatched {
    match irp.code() {
        ioctl::PEND => pend(irp, call),
        ioctl::CLAIM => claim(irp, call),
        ioctl::COMPLETE_NEXT => answer(irp, call, complete_next),
        ioctl::COMPLETE => answer(irp, call, complete),
        ioctl::CANCEL => answer(irp, call, cancel),
        ioctl::QUERY_VERSION => answer(irp, call, |irp, _| query_version(irp)),
        ioctl::QUERY_STATISTICS => answer(irp, call, query_statistics),
        _ => irp.complete(call, NtStatus::INVALID_DEVICE_REQUEST),
    }
}

/// Ends `irp` with what `handle` has answered, or the status that it fails with.
fn answer(
    mut irp: Request,
    call: &mut Call,
    handle: impl FnOnce(&mut Request, &mut Call) -> Result<(), NtStatus>,
) -> Dispatched {
    let status = match handle(&mut irp, call) {
        Ok(()) => NtStatus::SUCCESS,
        Err(status) => status,
    };
    irp.complete(call, status)
}

fn pend(irp: Request, call: &mut Call) -> Dispatched {
    match decode_pend(&irp) {
        Ok((tag, timeout)) => requests::pend(irp, call, tag, timeout),
        Err(status) => irp.complete(call, status),
    }
}

/// Tag and timeout of a valid input of `PEND`.
fn decode_pend(irp: &Request) -> Result<(u64, u32), NtStatus> {
    let (pend, payload) = decode::<Pend>(irp.input())?;
    check_version(pend.version)?;
    if pend.reserved != 0 {
        return Err(INVALID_PARAMETER);
    }
    check_payload(pend.payload_length, payload)?;
    // No answer is longer, and nonpaged memory is used for as much as is asked for.
    if irp.output_length() > MAX_PAYLOAD as usize {
        return Err(INVALID_BUFFER_SIZE);
    }
    Ok((pend.tag.get(), pend.timeout.get()))
}

fn claim(irp: Request, call: &mut Call) -> Dispatched {
    match decode_claim(&irp) {
        Ok(wait) => requests::claim(irp, call, wait),
        Err(status) => irp.complete(call, status),
    }
}

/// Whether a valid input of `CLAIM` asks to wait.
fn decode_claim(irp: &Request) -> Result<bool, NtStatus> {
    let (request, rest) = decode::<Claim>(irp.input())?;
    check_version(request.version)?;
    if !rest.is_empty() {
        return Err(INFO_LENGTH_MISMATCH);
    }
    let wait = match request.flags.get() {
        0 => false,
        claim::WAIT => true,
        _ => return Err(INVALID_PARAMETER),
    };
    // Any request must fit: it is too late to find out once it has been taken. For as long as a claim waits,
    // nonpaged memory is used for as much as it asks for.
    match irp.output_length().cmp(&CLAIM_ROOM) {
        Ordering::Less => Err(BUFFER_TOO_SMALL),
        Ordering::Greater if wait => Err(INVALID_BUFFER_SIZE),
        _ => Ok(wait),
    }
}

fn complete(irp: &mut Request, call: &mut Call) -> Result<(), NtStatus> {
    let (request, payload) = decode::<Complete>(irp.input())?;
    check_version(request.version)?;
    if request.reserved != 0 {
        return Err(INVALID_PARAMETER);
    }
    check_payload(request.payload_length, payload)?;
    let status = decode_status(request.status.get(), payload)?;
    check_room::<Delivered>(irp)?;
    // Without a handle there is nothing it could have claimed.
    let server = irp.file().ok_or(NOT_FOUND)?;
    let id = request.id.get();
    let delivered = requests::complete(irp.device(), call, server, id, status, payload);
    let delivered = Delivered {
        delivered: delivered.ok_or(NOT_FOUND)?.into(),
        ..Delivered::default()
    };
    write(irp, &delivered)
}

/// The status with which a server may have a request end. Some are no end (INV-53), and with an
/// error the I/O manager copies no payload.
fn decode_status(code: u32, payload: &[u8]) -> Result<NtStatus, NtStatus> {
    let status = NtStatus::from_code(code);
    if status::NO_ENDING.contains(&code) || (status.is_error() && !payload.is_empty()) {
        return Err(INVALID_PARAMETER);
    }
    Ok(status)
}

fn query_version(irp: &mut Request) -> Result<(), NtStatus> {
    check_no_input(irp)?;
    let limits = parameters::limits();
    let version = Version {
        version: VERSION.into(),
        max_payload: MAX_PAYLOAD.into(),
        device_limit: limits.device.into(),
        handle_limit: limits.handle.into(),
    };
    write(irp, &version)
}

fn complete_next(irp: &mut Request, call: &mut Call) -> Result<(), NtStatus> {
    let (request, payload) = decode::<CompleteNext>(irp.input())?;
    check_version(request.version)?;
    check_payload(request.payload_length, payload)?;
    check_room::<Completed>(irp)?;
    let completed = requests::complete_next(irp.device(), call, payload);
    write(irp, &completed.ok_or(NOT_FOUND)?)
}

fn cancel(irp: &mut Request, call: &mut Call) -> Result<(), NtStatus> {
    let scope = decode_cancel(irp)?;
    // Without a handle there are no requests of its own.
    let file = irp.file().ok_or(NOT_FOUND)?;
    let count = requests::cancel(irp.device(), call, file, scope);
    if count == 0 {
        return Err(NOT_FOUND);
    }
    let canceled = Canceled {
        count: count.into(),
    };
    write(irp, &canceled)
}

/// What a valid input of `CANCEL` asks for.
fn decode_cancel(irp: &Request) -> Result<Scope, NtStatus> {
    let (request, rest) = decode::<Cancel>(irp.input())?;
    check_version(request.version)?;
    if !rest.is_empty() {
        return Err(INFO_LENGTH_MISMATCH);
    }
    check_room::<Canceled>(irp)?;
    match (request.scope.get(), request.target.get()) {
        (scope::ALL, 0) => Ok(Scope::All),
        (scope::TAG, tag) => Ok(Scope::Tag(tag)),
        (scope::ID, id) => Ok(Scope::Id(id)),
        _ => Err(INVALID_PARAMETER),
    }
}

fn query_statistics(irp: &mut Request, call: &mut Call) -> Result<(), NtStatus> {
    check_no_input(irp)?;
    let statistics = requests::statistics(irp.device(), call);
    write(irp, &statistics)
}

/// The structure an input begins with, and what follows it.
fn decode<T: FromBytes>(input: &[u8]) -> Result<(T, &[u8]), NtStatus> {
    T::read_from_prefix(input).map_err(|_| INFO_LENGTH_MISMATCH)
}

fn check_version(version: U32) -> Result<(), NtStatus> {
    if version == VERSION {
        Ok(())
    } else {
        Err(REVISION_MISMATCH)
    }
}

/// The payload must be no longer than allowed, and as long as the input says.
fn check_payload(declared: U32, payload: &[u8]) -> Result<(), NtStatus> {
    if declared.get() > MAX_PAYLOAD {
        Err(INVALID_BUFFER_SIZE)
    } else if declared.get() as usize == payload.len() {
        Ok(())
    } else {
        Err(INFO_LENGTH_MISMATCH)
    }
}

fn check_no_input(irp: &Request) -> Result<(), NtStatus> {
    if irp.input().is_empty() {
        Ok(())
    } else {
        Err(INFO_LENGTH_MISMATCH)
    }
}

fn check_room<T>(irp: &Request) -> Result<(), NtStatus> {
    if irp.output_length() < size_of::<T>() {
        Err(BUFFER_TOO_SMALL)
    } else {
        Ok(())
    }
}

fn write<T>(irp: &mut Request, answer: &T) -> Result<(), NtStatus>
where
    T: Immutable + IntoBytes,
{
    check_room::<T>(irp)?;
    irp.answer(answer.as_bytes());
    Ok(())
}
