//! What the driver does with requests: pends, completes, cancels, flushes and counts them.

use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};

use csq_protocol::status;
use csq_protocol::wire::{Completed, Pend, Statistics};
use wdm::{
    Completion, Dequeued, Dispatched, Ending, FileContext, Irp, NtStatus, Peek, Received, Refused,
};
use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::device::Csq;

const BUFFER_OVERFLOW: NtStatus = NtStatus::from_code(status::BUFFER_OVERFLOW);
const FILE_CLOSED: NtStatus = NtStatus::from_code(status::FILE_CLOSED);
const INFO_LENGTH_MISMATCH: NtStatus = NtStatus::from_code(status::INFO_LENGTH_MISMATCH);

/// Gives each request a number that no other has.
pub struct RequestIds(AtomicU64);

impl RequestIds {
    pub const fn new() -> Self {
        Self(AtomicU64::new(1))
    }

    /// The next number. 64 bits do not wrap around while the device lives.
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Which requests of a handle to cancel.
#[derive(Clone, Copy)]
pub enum Scope {
    All,
    Tag(u64),
}

/// What the driver writes over the [`Pend`] at the front of a request's buffer, which is its own
/// while the request is pending. It saves an allocation per request.
#[derive(FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned)]
#[repr(C)]
struct Note {
    id: U64,
    tag: U64,
}

const _: () = assert!(size_of::<Note>() <= size_of::<Pend>());

/// Keeps a request until somebody ends it.
pub fn pend(device: Pin<&Csq>, mut irp: Irp<Received>, tag: u64) -> Dispatched {
    let note = Note {
        id: device.ids.next().into(),
        tag: tag.into(),
    };
    if !irp.buffer().annotate(note.as_bytes()) {
        return irp.complete(INFO_LENGTH_MISMATCH);
    }
    irp.set_key(key(tag));
    match device.pending().insert(irp) {
        Ok(dispatched) => dispatched,
        Err(Refused::NoHandle(irp)) => irp.complete(FILE_CLOSED),
        Err(Refused::Closed(irp)) => {
            // It was closed a moment ago, whatever the state is now.
            let status = device.lifecycle.refusal();
            irp.complete(status.unwrap_or(NtStatus::DEVICE_NOT_READY))
        }
    }
}

/// Ends the oldest request with success and `payload`, of which it gets what it has space for.
/// `None` if nothing is pending.
pub fn complete_next(device: Pin<&Csq>, payload: &[u8]) -> Option<Completed> {
    let mut irp = device.pending().remove_next(Peek::Any, Ending::Completed)?;
    let mut buffer = irp.buffer();
    // Always there: `pend` has written it.
    let (id, tag) = Note::read_from_prefix(buffer.input())
        .map_or_else(|_| Default::default(), |(note, _)| (note.id, note.tag));
    let written = buffer.write(payload);
    let status = if written.bytes() < payload.len() {
        BUFFER_OVERFLOW
    } else {
        NtStatus::SUCCESS
    };
    irp.complete(Completion::answered(status, written));
    Some(Completed {
        id,
        tag,
        delivered: delivered(written.bytes()).into(),
        ..Completed::default()
    })
}

/// Cancels requests of one handle and returns how many.
pub fn cancel(device: Pin<&Csq>, file: &FileContext, scope: Scope) -> u64 {
    let peek = match scope {
        Scope::All => Peek::File(file),
        Scope::Tag(tag) => Peek::Key(file, key(tag)),
    };
    drain(device, peek, Ending::Canceled, NtStatus::CANCELLED)
}

/// Ends all requests of a handle that is being closed.
pub fn flush_handle(device: Pin<&Csq>, file: &FileContext) {
    let peek = Peek::File(file);
    drain(device, peek, Ending::Flushed, NtStatus::CANCELLED);
}

/// Ends all requests of a device that is being removed.
pub fn flush_device(device: Pin<&Csq>) {
    let status = NtStatus::DELETE_PENDING;
    drain(device, Peek::Any, Ending::Flushed, status);
}

/// The account of all requests, as of one instant.
pub fn statistics(device: Pin<&Csq>) -> Statistics {
    let tally = device.pending().tally();
    Statistics {
        pended: tally.pended.into(),
        completed: tally.completed.into(),
        canceled: tally.canceled.into(),
        flushed: tally.flushed.into(),
        pending: tally.pending.into(),
        high_water: tally.high_water.into(),
        handles: device.handles.count().into(),
        // Requests cannot be claimed or time out yet.
        ..Statistics::default()
    }
}

/// Ends every request that matches, and returns how many.
fn drain(device: Pin<&Csq>, peek: Peek<'_>, purpose: Ending, status: NtStatus) -> u64 {
    let remove_next = || device.pending().remove_next(peek, purpose);
    core::iter::from_fn(remove_next)
        .map(|irp: Irp<Dequeued>| irp.complete(status))
        .fold(0, |count, ()| count + 1)
}

/// The key under which a request with `tag` is queued.
#[expect(clippy::cast_possible_truncation, reason = "asserted not to truncate")]
const fn key(tag: u64) -> usize {
    const { assert!(usize::BITS == u64::BITS) };
    tag as usize
}

/// A number of payload bytes, in the width it has on the wire.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most MAX_PAYLOAD, which has 32 bits"
)]
const fn delivered(bytes: usize) -> u32 {
    bytes as u32
}
