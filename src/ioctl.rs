//! Device control: decodes the input of each code, and checks all of it before anything happens.
//!
//! `csq_protocol` lists what is answered to bad input. What is left for [`crate::requests`] after
//! the checks here can only fail because of the state of the device.

use core::pin::Pin;

use csq_protocol::wire::{
    Cancel, Canceled, Claim, Claimed, Complete, CompleteNext, Completed, Delivered, Pend, Version,
    claim, scope,
};
use csq_protocol::{MAX_PAYLOAD, VERSION, ioctl, status};
use wdm::{Completion, Control, Dispatched, Irp, NtStatus, Scope, SystemBuffer, Written};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::device::Csq;
use crate::{parameters, requests};

const BUFFER_TOO_SMALL: NtStatus = NtStatus::from_code(status::BUFFER_TOO_SMALL);
const INFO_LENGTH_MISMATCH: NtStatus = NtStatus::from_code(status::INFO_LENGTH_MISMATCH);
const INVALID_BUFFER_SIZE: NtStatus = NtStatus::from_code(status::INVALID_BUFFER_SIZE);
const INVALID_PARAMETER: NtStatus = NtStatus::from_code(status::INVALID_PARAMETER);
const NOT_FOUND: NtStatus = NtStatus::from_code(status::NOT_FOUND);
const REVISION_MISMATCH: NtStatus = NtStatus::from_code(status::REVISION_MISMATCH);

/// `IRP_MJ_DEVICE_CONTROL`.
pub fn dispatch(device: Pin<&Csq>, irp: Irp<Control>) -> Dispatched {
    match irp.code() {
        ioctl::PEND => pend(device, irp),
        ioctl::CLAIM => claim(device, irp),
        ioctl::COMPLETE_NEXT => answer(irp, |irp| complete_next(device, irp.buffer())),
        _ => answer(irp, |irp| match irp.code() {
            ioctl::COMPLETE => complete(device, irp),
            ioctl::QUERY_VERSION => query_version(irp.buffer()),
            ioctl::CANCEL => cancel(device, irp),
            ioctl::QUERY_STATISTICS => query_statistics(device, irp.buffer()),
            _ => Err(NtStatus::INVALID_DEVICE_REQUEST),
        }),
    }
}

/// Ends `irp` with what `handle` has written, or the status that it fails with.
// One copy for each use, which saves the registers that one needs, and none for the others.
#[inline(never)]
fn answer(
    mut irp: Irp<Control>,
    handle: impl FnOnce(&mut Irp<Control>) -> Result<Written, NtStatus>,
) -> Dispatched {
    match handle(&mut irp) {
        Ok(written) => irp.complete(Completion::answered(NtStatus::SUCCESS, written)),
        Err(status) => irp.complete(status),
    }
}

fn pend(device: Pin<&Csq>, mut irp: Irp<Control>) -> Dispatched {
    match decode_pend(irp.buffer().input()) {
        Ok((tag, timeout)) => requests::pend(device, irp, tag, timeout),
        Err(status) => irp.complete(status),
    }
}

/// Tag and timeout of a valid input of `PEND`.
fn decode_pend(input: &[u8]) -> Result<(u64, u32), NtStatus> {
    let (pend, payload) = decode::<Pend>(input)?;
    check_version(pend.version)?;
    if pend.reserved != 0 {
        return Err(INVALID_PARAMETER);
    }
    check_payload(pend.payload_length, payload)?;
    Ok((pend.tag.get(), pend.timeout.get()))
}

// Apart, as `answer`.
#[inline(never)]
fn claim(device: Pin<&Csq>, mut irp: Irp<Control>) -> Dispatched {
    match decode_claim(&irp.buffer()) {
        Ok(wait) => requests::claim(device, irp, wait),
        Err(status) => irp.complete(status),
    }
}

/// Whether a valid input of `CLAIM` asks to wait.
fn decode_claim(buffer: &SystemBuffer<'_>) -> Result<bool, NtStatus> {
    let (request, rest) = decode::<Claim>(buffer.input())?;
    check_version(request.version)?;
    if !rest.is_empty() {
        return Err(INFO_LENGTH_MISMATCH);
    }
    let wait = match request.flags.get() {
        0 => false,
        claim::WAIT => true,
        _ => return Err(INVALID_PARAMETER),
    };
    // Any request must fit: it is too late to find out once it has been taken.
    if buffer.output_length() < size_of::<Claimed>() + MAX_PAYLOAD as usize {
        return Err(BUFFER_TOO_SMALL);
    }
    Ok(wait)
}

fn complete(device: Pin<&Csq>, irp: &mut Irp<Control>) -> Result<Written, NtStatus> {
    let (stack, mut buffer) = irp.stack_and_buffer();
    let (request, payload) = decode::<Complete>(buffer.input())?;
    check_version(request.version)?;
    if request.reserved != 0 {
        return Err(INVALID_PARAMETER);
    }
    check_payload(request.payload_length, payload)?;
    let status = decode_status(request.status.get(), payload)?;
    check_room::<Delivered>(&buffer)?;
    // Without a handle there is nothing it could have claimed.
    let file = stack.file().ok_or(NOT_FOUND)?;
    let delivered =
        requests::complete(device, file, request.id.get(), status, payload).ok_or(NOT_FOUND)?;
    let delivered = Delivered {
        delivered: delivered.into(),
        ..Delivered::default()
    };
    write(&mut buffer, &delivered)
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

fn query_version(mut buffer: SystemBuffer<'_>) -> Result<Written, NtStatus> {
    check_no_input(&buffer)?;
    let limits = parameters::limits();
    let version = Version {
        version: VERSION.into(),
        max_payload: MAX_PAYLOAD.into(),
        device_limit: limits.device.into(),
        handle_limit: limits.handle.into(),
    };
    write(&mut buffer, &version)
}

fn complete_next(device: Pin<&Csq>, mut buffer: SystemBuffer<'_>) -> Result<Written, NtStatus> {
    let (request, payload) = decode::<CompleteNext>(buffer.input())?;
    check_version(request.version)?;
    check_payload(request.payload_length, payload)?;
    check_room::<Completed>(&buffer)?;
    let completed = requests::complete_next(device, payload).ok_or(NOT_FOUND)?;
    write(&mut buffer, &completed)
}

fn cancel(device: Pin<&Csq>, irp: &mut Irp<Control>) -> Result<Written, NtStatus> {
    let scope = decode_cancel(&irp.buffer())?;
    // Without a handle there are no requests of its own.
    let file = irp.stack().file().ok_or(NOT_FOUND)?;
    let count = requests::cancel(device, file, scope);
    if count == 0 {
        return Err(NOT_FOUND);
    }
    let canceled = Canceled {
        count: count.into(),
    };
    write(&mut irp.buffer(), &canceled)
}

/// What a valid input of `CANCEL` asks for.
fn decode_cancel(buffer: &SystemBuffer<'_>) -> Result<Scope, NtStatus> {
    let (request, rest) = decode::<Cancel>(buffer.input())?;
    check_version(request.version)?;
    if !rest.is_empty() {
        return Err(INFO_LENGTH_MISMATCH);
    }
    check_room::<Canceled>(buffer)?;
    match (request.scope.get(), request.target.get()) {
        (scope::ALL, 0) => Ok(Scope::All),
        (scope::TAG, tag) => Ok(Scope::Tag(tag)),
        (scope::ID, id) => Ok(Scope::Id(id)),
        _ => Err(INVALID_PARAMETER),
    }
}

fn query_statistics(device: Pin<&Csq>, mut buffer: SystemBuffer<'_>) -> Result<Written, NtStatus> {
    check_no_input(&buffer)?;
    write(&mut buffer, &requests::statistics(device))
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

fn check_no_input(buffer: &SystemBuffer<'_>) -> Result<(), NtStatus> {
    if buffer.input().is_empty() {
        Ok(())
    } else {
        Err(INFO_LENGTH_MISMATCH)
    }
}

fn check_room<T>(buffer: &SystemBuffer<'_>) -> Result<(), NtStatus> {
    if buffer.output_length() < size_of::<T>() {
        Err(BUFFER_TOO_SMALL)
    } else {
        Ok(())
    }
}

fn write<T>(buffer: &mut SystemBuffer<'_>, answer: &T) -> Result<Written, NtStatus>
where
    T: Immutable + IntoBytes,
{
    check_room::<T>(buffer)?;
    Ok(buffer.write(answer.as_bytes()))
}
