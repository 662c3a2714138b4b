//! Device control: decodes the input of each code, and checks all of it before anything happens.
//!
//! `csq_protocol` lists what is answered to bad input. What is left for [`crate::requests`] after
//! the checks here can only fail because of the state of the device.

use core::pin::Pin;

use csq_protocol::wire::{Cancel, Canceled, CompleteNext, Completed, Pend, Version, scope};
use csq_protocol::{MAX_PAYLOAD, VERSION, ioctl, status};
use wdm::{Completion, Dispatched, Irp, NtStatus, Received, SystemBuffer, Written};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::device::Csq;
use crate::requests::{self, Scope};

const BUFFER_TOO_SMALL: NtStatus = NtStatus::from_code(status::BUFFER_TOO_SMALL);
const INFO_LENGTH_MISMATCH: NtStatus = NtStatus::from_code(status::INFO_LENGTH_MISMATCH);
const INVALID_BUFFER_SIZE: NtStatus = NtStatus::from_code(status::INVALID_BUFFER_SIZE);
const INVALID_PARAMETER: NtStatus = NtStatus::from_code(status::INVALID_PARAMETER);
const NOT_FOUND: NtStatus = NtStatus::from_code(status::NOT_FOUND);
const NO_MORE_ENTRIES: NtStatus = NtStatus::from_code(status::NO_MORE_ENTRIES);
const NOT_SUPPORTED: NtStatus = NtStatus::from_code(status::NOT_SUPPORTED);
const REVISION_MISMATCH: NtStatus = NtStatus::from_code(status::REVISION_MISMATCH);

/// `IRP_MJ_DEVICE_CONTROL`.
pub fn dispatch(device: Pin<&Csq>, mut irp: Irp<Received>) -> Dispatched {
    let code = irp.stack().device_control().map(|control| control.code);
    let answer = match code {
        Some(ioctl::PEND) => return pend(device, irp),
        Some(ioctl::QUERY_VERSION) => query_version(irp.buffer()),
        Some(ioctl::COMPLETE_NEXT) => complete_next(device, irp.buffer()),
        Some(ioctl::CANCEL) => cancel(device, &mut irp),
        Some(ioctl::QUERY_STATISTICS) => query_statistics(device, irp.buffer()),
        _ => Err(NtStatus::INVALID_DEVICE_REQUEST),
    };
    match answer {
        Ok(written) => irp.complete(Completion::answered(NtStatus::SUCCESS, written)),
        Err(status) => irp.complete(status),
    }
}

fn pend(device: Pin<&Csq>, mut irp: Irp<Received>) -> Dispatched {
    match decode_pend(irp.buffer().input()) {
        Ok(tag) => requests::pend(device, irp, tag),
        Err(status) => irp.complete(status),
    }
}

/// The tag of a valid input of `PEND`.
fn decode_pend(input: &[u8]) -> Result<u64, NtStatus> {
    let (pend, payload) = decode::<Pend>(input)?;
    check_version(pend.version)?;
    if pend.reserved != 0 {
        return Err(INVALID_PARAMETER);
    }
    check_payload(pend.payload_length, payload)?;
    if pend.timeout != 0 {
        return Err(NOT_SUPPORTED);
    }
    Ok(pend.tag.get())
}

fn query_version(mut buffer: SystemBuffer<'_>) -> Result<Written, NtStatus> {
    check_no_input(&buffer)?;
    let version = Version {
        version: VERSION.into(),
        max_payload: MAX_PAYLOAD.into(),
        ..Version::default()
    };
    answer(&mut buffer, &version)
}

fn complete_next(device: Pin<&Csq>, mut buffer: SystemBuffer<'_>) -> Result<Written, NtStatus> {
    let (request, payload) = decode::<CompleteNext>(buffer.input())?;
    check_version(request.version)?;
    check_payload(request.payload_length, payload)?;
    check_room::<Completed>(&buffer)?;
    let completed = requests::complete_next(device, payload).ok_or(NO_MORE_ENTRIES)?;
    answer(&mut buffer, &completed)
}

fn cancel(device: Pin<&Csq>, irp: &mut Irp<Received>) -> Result<Written, NtStatus> {
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
    answer(&mut irp.buffer(), &canceled)
}

/// What a valid input of `CANCEL` asks for.
fn decode_cancel(buffer: &SystemBuffer<'_>) -> Result<Scope, NtStatus> {
    let (request, rest) = decode::<Cancel>(buffer.input())?;
    check_version(request.version)?;
    if !rest.is_empty() {
        return Err(INFO_LENGTH_MISMATCH);
    }
    check_room::<Canceled>(buffer)?;
    match (request.scope.get(), request.tag.get()) {
        (scope::ALL, 0) => Ok(Scope::All),
        (scope::TAG, tag) => Ok(Scope::Tag(tag)),
        _ => Err(INVALID_PARAMETER),
    }
}

fn query_statistics(device: Pin<&Csq>, mut buffer: SystemBuffer<'_>) -> Result<Written, NtStatus> {
    check_no_input(&buffer)?;
    answer(&mut buffer, &requests::statistics(device))
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

fn answer<T>(buffer: &mut SystemBuffer<'_>, answer: &T) -> Result<Written, NtStatus>
where
    T: Immutable + IntoBytes,
{
    check_room::<T>(buffer)?;
    Ok(buffer.write(answer.as_bytes()))
}
