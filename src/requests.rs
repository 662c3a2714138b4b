//! What the driver does with requests: pends, claims, completes, cancels and counts them.

use core::pin::Pin;

use csq_events::Refused;
use csq_protocol::status;
use csq_protocol::wire::{Claimed, Completed, Pend, Statistics};
use wdm::{
    Awaited, Completion, Control, Dequeued, Dispatched, FileContext, Irp, Moving, NtStatus, Pended,
    Refusal, RequestQueues, Scope, SystemBuffer, Unclaimed, Unpended, Written,
};
use zerocopy::IntoBytes;

use crate::device::Csq;

const BUFFER_OVERFLOW: NtStatus = NtStatus::from_code(status::BUFFER_OVERFLOW);
const NOT_FOUND: NtStatus = NtStatus::from_code(status::NOT_FOUND);
const QUOTA_EXCEEDED: NtStatus = NtStatus::from_code(status::QUOTA_EXCEEDED);

/// Keeps a request until somebody ends it, or its time is over.
pub fn pend(device: Pin<&Csq>, irp: Irp<Control>, tag: u64, timeout: u32) -> Dispatched {
    if let Some(status) = device.lifecycle.refusal() {
        return refuse(device, irp, tag, status);
    }
    let pended = device.requests().pend(irp, tag, timeout);
    match pended {
        Ok(pended) => settle(pended),
        Err(Unpended { irp, why }) => refuse(device, irp, tag, status_of(why)),
    }
}

/// Takes the oldest request to the handle that `irp` came through. If there is none, `irp` waits
/// for one, if it may.
pub fn claim(device: Pin<&Csq>, mut irp: Irp<Control>, wait: bool) -> Dispatched {
    if let Some(status) = device.lifecycle.refusal() {
        return refuse(device, irp, 0, status);
    }
    // There is nobody to give a request to.
    if irp.stack().file().is_none() {
        return refuse(device, irp, 0, NtStatus::FILE_CLOSED);
    }
    let queues = device.requests();
    if let Some(mut request) = queues.take_pending() {
        let written = describe(&mut request, irp.buffer());
        return match hand_over(request, irp.stack().file()) {
            Ok(()) => irp.complete(Completion::answered(NtStatus::SUCCESS, written)),
            Err(status) => {
                // While the request was nowhere to be seen, somebody may have gone to wait for it.
                deliver(queues);
                irp.complete(status)
            }
        };
    }
    if !wait {
        return irp.complete(NOT_FOUND);
    }
    match queues.wait(irp) {
        Ok(pended) => settle(pended),
        Err(Unpended { irp, why }) => refuse(device, irp, 0, status_of(why)),
    }
}

/// What is left to do for an IRP that a queue has taken.
fn settle(pended: Pended<'_>) -> Dispatched {
    if let Some(visit) = pended.visit {
        deliver(visit.queues());
    }
    pended.dispatched
}

/// Brings pending requests and waiting claims together. Called after every event by which there
/// may be one of each, so that neither waits while the other is there (TR-26).
///
/// The caller keeps the queues alive: what is delivered may not.
#[inline(never)]
fn deliver(queues: Pin<&RequestQueues>) {
    let mut awaited = Awaited::default();
    while let Some(mut request) = queues.take_awaited(&awaited) {
        let Some(mut claim) = queues.take_waiting(&mut awaited) else {
            // It was canceled a moment ago. Another may have come, and gone to wait, while the
            // request was nowhere to be seen: so look again.
            request.give_back();
            continue;
        };
        let written = describe(&mut request, claim.buffer());
        match hand_over(request, claim.stack().file()) {
            Ok(()) => claim.complete(Completion::answered(NtStatus::SUCCESS, written)),
            Err(status) => claim.complete(status),
        }
    }
}

/// Writes a request's id, tag and payload to the buffer of the claim that gets it, which has room
/// for any of them.
// One copy for both ways to a claim, for the sake of the driver's size.
#[inline(never)]
fn describe(request: &mut Irp<Moving>, mut claim: SystemBuffer<'_>) -> Written {
    let (id, tag) = (request.id(), request.tag());
    let request = request.buffer();
    let payload = request.input().get(size_of::<Pend>()..).unwrap_or_default();
    let claimed = Claimed {
        id: id.into(),
        tag: tag.into(),
        payload_length: wire_length(payload.len()).into(),
        ..Claimed::default()
    };
    claim.write_parts([claimed.as_bytes(), payload])
}

/// Moves a request to the handle of a claim. A request that has been canceled by now is claimed all
/// the same: the server learns that when it completes it.
///
/// # Errors
///
/// `STATUS_FILE_CLOSED` when the handle is being closed; the request is pending again.
// As for `describe`.
#[inline(never)]
fn hand_over(request: Irp<Moving>, server: Option<&FileContext>) -> Result<(), NtStatus> {
    let Unclaimed(request) = match server {
        Some(server) => match request.claim(server) {
            Ok(()) => return Ok(()),
            Err(unclaimed) => unclaimed,
        },
        None => Unclaimed(request),
    };
    request.give_back();
    Err(NtStatus::FILE_CLOSED)
}

/// Ends the oldest request with success and `payload`, of which it gets what it has space for.
/// `None` if nothing is pending.
pub fn complete_next(device: Pin<&Csq>, payload: &[u8]) -> Option<Completed> {
    let irp = device.requests().take_oldest()?;
    let (id, tag) = (irp.id(), irp.tag());
    let delivered = answer(irp, NtStatus::SUCCESS, payload);
    Some(Completed {
        id: id.into(),
        tag: tag.into(),
        delivered: delivered.into(),
        ..Completed::default()
    })
}

/// Ends the request with this id, if the handle `server` has claimed it, with `status` and
/// `payload`. Returns how much of that it had space for; `None` if there is no such request, or no
/// longer.
pub fn complete(
    device: Pin<&Csq>,
    server: &FileContext,
    id: u64,
    status: NtStatus,
    payload: &[u8],
) -> Option<u32> {
    let irp = device.requests().take_claimed(server, id)?;
    Some(answer(irp, status, payload))
}

/// Ends a request with `status` and what it has space for of `payload`. Returns how much that is.
fn answer(mut irp: Irp<Dequeued>, status: NtStatus, payload: &[u8]) -> u32 {
    let written = irp.buffer().write(payload);
    let status = if written.bytes() < payload.len() {
        BUFFER_OVERFLOW
    } else {
        status
    };
    irp.complete(Completion::answered(status, written));
    wire_length(written.bytes())
}

/// Cancels requests of one handle and returns how many.
pub fn cancel(device: Pin<&Csq>, file: &FileContext, scope: Scope) -> u64 {
    device.requests().cancel(file, scope)
}

/// Ends all requests and claims of a handle that is being closed. What it has claimed goes back.
pub fn close_handle(device: Pin<&Csq>, file: &FileContext) {
    // Without a device there are no requests.
    if let Some(visit) = device.requests().visit() {
        visit.close_handle(file);
        visit.give_back_claimed(file);
        deliver(device.requests());
    }
}

/// Ends all requests and claims of a device that is being removed.
pub fn flush_device(device: Pin<&Csq>) {
    device.requests().retire();
}

/// The account of all requests, as of one instant.
pub fn statistics(device: Pin<&Csq>) -> Statistics {
    let tally = device.requests().tally();
    Statistics {
        pended: tally.pended.into(),
        completed: tally.completed.into(),
        canceled: tally.canceled.into(),
        timed_out: tally.timed_out.into(),
        flushed: tally.flushed.into(),
        pending: tally.pending.into(),
        claimed: tally.claimed.into(),
        high_water: tally.high_water.into(),
        handles: device.handles.count().into(),
        refused: tally.refused.into(),
        waiting: tally.waiting.into(),
    }
}

/// Ends a request that may not come in, or a claim, which has no tag.
fn refuse(device: Pin<&Csq>, irp: Irp<Control>, tag: u64, status: NtStatus) -> Dispatched {
    device
        .events
        .write(|number| Refused::new(number, tag, status.code()));
    irp.complete(status)
}

/// With what to refuse an IRP that may not come in.
const fn status_of(refusal: Refusal) -> NtStatus {
    match refusal {
        Refusal::NoHandle => NtStatus::FILE_CLOSED,
        Refusal::Full => QUOTA_EXCEEDED,
    }
}

/// A number of payload bytes, in the width it has on the wire.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most MAX_PAYLOAD, which has 32 bits"
)]
const fn wire_length(bytes: usize) -> u32 {
    bytes as u32
}
