//! What the driver does with requests: pends, claims, completes, cancels and counts them.

use core::pin::Pin;
use core::sync::atomic::Ordering;

use csq_events::{Cancel, Complete, Flush, Refused as RefusedEvent, Timeout};
use csq_protocol::status;
use csq_protocol::wire::{Completed, Pend, Statistics};
use wdm::csq::Outcome;
use wdm::{Call, Control, Dequeued, Dispatched, Irp, NtStatus};
use zerocopy::FromBytes;

use crate::device::Csq;
use crate::pending::{self, Arrival, Note, Scope, Wanted};
use crate::queues::{File, QUOTA_EXCEEDED};
use crate::reason::Reason;
use crate::waiting::{Refusal, Wanted as WantedClaim};

const BUFFER_OVERFLOW: NtStatus = NtStatus::from_code(status::BUFFER_OVERFLOW);
const NOT_FOUND: NtStatus = NtStatus::from_code(status::NOT_FOUND);

/// Keeps a request until somebody ends it, or `timeout` milliseconds are over, if that is not 0. Its thread
/// has nothing left to do then: whatever follows is done by those who end requests, or by
/// [`attend`] in a deferred procedure call.
pub fn pend(irp: Irp<Csq, Control>, call: &mut Call, tag: u64, timeout: u32) -> Dispatched {
    if let Some(status) = irp.refusal() {
        return refuse(irp, call, tag, status);
    }
    let mut arrival = Arrival { tag, timeout };
    let limit = (timeout != 0).then_some(timeout);
    match irp.insert(call, Csq::requests, limit, &mut arrival) {
        Outcome::Pended(dispatched) => dispatched,
        Outcome::Rejected(irp, status) => refuse(irp, call, tag, status),
    }
}

/// Gives the oldest request to the handle that `irp` came through. If there is none, `irp` waits for one, if
/// it may.
pub fn claim(mut irp: Irp<Csq, Control>, call: &mut Call, wait: bool) -> Dispatched {
    if let Some(status) = irp.refusal() {
        return refuse(irp, call, 0, status);
    }
    match claim_now(&mut irp, call) {
        Ok(()) => return irp.complete(call, NtStatus::SUCCESS),
        Err(NOT_FOUND) if wait => {}
        Err(NOT_FOUND) => return irp.complete(call, NOT_FOUND),
        Err(status) => return refuse(irp, call, 0, status),
    }
    match irp.insert(call, Csq::claims, None, &mut ()) {
        Outcome::Pended(dispatched) => dispatched,
        Outcome::Rejected(irp, status) => refuse(irp, call, 0, status),
        Outcome::Refused(irp, Refusal::Served) => irp.complete(call, NtStatus::SUCCESS),
        Outcome::Refused(irp, Refusal::Closing(reason)) => irp.complete(call, reason.status()),
    }
}

/// Answers `irp` with the oldest request.
///
/// # Errors
///
/// `STATUS_NOT_FOUND` if there is none; `STATUS_FILE_CLOSED` if `irp` came through no handle, or one that
/// is being closed; `STATUS_DEVICE_REMOVED`.
fn claim_now(irp: &mut Irp<Csq, Control>, call: &mut Call) -> Result<(), NtStatus> {
    let (device, file, mut answer) = irp.parts();
    let file = file.ok_or(NtStatus::FILE_CLOSED)?;
    device
        .lock()
        .hold(call, |held| match file.reason_to_end(held) {
            Some(Reason::Removed) => Err(NtStatus::DEVICE_REMOVED),
            Some(_) => Err(NtStatus::FILE_CLOSED),
            None => pending::claim(held, file, |head, request, skip| {
                answer.copy_from(head, request, skip);
            })
            .then_some(())
            .ok_or(NOT_FOUND),
        })
}

/// Completes requests that are ending, and gives pending requests to waiting claims. Called after every event
/// by which there may be any (TR-26).
#[inline(never)]
pub fn attend(device: Pin<&Csq>, call: &mut Call) {
    while let Some((irp, note)) = device.requests().remove(call, &mut Wanted::Ending) {
        end(irp, note);
    }
    while let Some((irp, reason)) = device.claims().remove(call, &mut WantedClaim::Served) {
        irp.complete(reason.status());
    }
}

/// Completes a request that nobody answers.
pub fn end(irp: Irp<Csq, Dequeued<'_>>, note: Note) {
    let status = note.reason.status();
    trace_end(&irp, note, status);
    irp.complete(status);
}

/// Writes the event for the end of a request, before that is completed.
fn trace_end(irp: &Irp<Csq, Dequeued<'_>>, Note { id, reason }: Note, status: NtStatus) {
    let (events, status) = (&irp.device().get_ref().events, status.code());
    if !events.are_wanted() {
        return;
    }
    let tag = tag_of(irp.input());
    match reason {
        Reason::Completed => events.write(|device| Complete::new(device, id, tag, status)),
        Reason::Canceled => events.write(|device| Cancel::new(device, id, tag, status)),
        Reason::TimedOut => events.write(|device| Timeout::new(device, id, tag, status)),
        Reason::Closed | Reason::Removed => {
            events.write(|device| Flush::new(device, id, tag, status));
        }
    }
}

/// Ends the oldest request with success and `payload`, of which it gets what it has space for.
/// `None` if nothing is pending.
pub fn complete_next(device: Pin<&Csq>, call: &mut Call, payload: &[u8]) -> Option<Completed> {
    let (irp, note) = device.requests().remove(call, &mut Wanted::Oldest)?;
    let tag = tag_of(irp.input());
    let delivered = answer(irp, note, NtStatus::SUCCESS, payload);
    Some(Completed {
        id: note.id.into(),
        tag: tag.into(),
        delivered: delivered.into(),
        ..Completed::default()
    })
}

/// Ends the request with this id, if the handle `server` has claimed it, with `status` and `payload`. Returns
/// how much of that it had space for; `None` if there is no such request, or no longer.
pub fn complete(
    device: Pin<&Csq>,
    call: &mut Call,
    server: Pin<&File>,
    id: u64,
    status: NtStatus,
    payload: &[u8],
) -> Option<u32> {
    let mut wanted = Wanted::Claimed(server, id);
    let (irp, note) = device.requests().remove(call, &mut wanted)?;
    Some(answer(irp, note, status, payload))
}

/// Ends a request with `status` and what it has space for of `payload`. Returns how much that is.
fn answer(mut irp: Irp<Csq, Dequeued<'_>>, note: Note, status: NtStatus, payload: &[u8]) -> u32 {
    let is_cut = irp.output_length() < payload.len();
    let status = if is_cut { BUFFER_OVERFLOW } else { status };
    // Before the answer, which overwrites the tag.
    trace_end(&irp, note, status);
    let written = irp.answer(payload);
    irp.complete(status);
    wire_length(written)
}

/// Cancels requests of one handle and returns how many.
pub fn cancel(device: Pin<&Csq>, call: &mut Call, file: Pin<&File>, scope: Scope) -> u64 {
    let tag = match scope {
        Scope::All => None,
        Scope::Tag(tag) => Some(tag),
        Scope::Id(id) => return cancel_one(device, call, file, id).into(),
    };
    let mut progress = None;
    loop {
        let (now, is_more) = device.lock().hold(call, |held| {
            pending::cancel_some(held, file, tag, progress.take())
        });
        if now.count > 0 {
            attend(device, call);
        }
        if !is_more {
            return now.count;
        }
        progress = Some(now);
    }
}

/// Cancels the request with an id, if it is of this handle. Returns whether there is one.
fn cancel_one(device: Pin<&Csq>, call: &mut Call, file: Pin<&File>, id: u64) -> bool {
    let is_found = device
        .lock()
        .hold(call, |held| pending::cancel_one(held, file, id));
    if is_found {
        attend(device, call);
    }
    is_found
}

/// Ends all requests and claims of a handle that is being closed. What it has claimed is requeued.
pub fn close_handle(device: Pin<&Csq>, call: &mut Call, file: Pin<&File>) {
    let lock = device.lock();
    // Nothing is added from here on but what comes too late, and that ends by itself.
    let left = lock.hold(call, |held| file.close(held));
    if left.requests {
        while let Some((irp, note)) = device.requests().remove(call, &mut Wanted::Own(file)) {
            end(irp, note);
        }
    }
    if left.claims {
        while let Some((irp, reason)) = device.claims().remove(call, &mut WantedClaim::Own(file)) {
            irp.complete(reason.status());
        }
    }
    // A claim that still waited may have got a request meanwhile.
    if left.claims || left.served {
        let mut after = Some(0);
        while let Some(id) = after {
            after = lock.hold(call, |held| pending::requeue(held, file, id));
        }
        attend(device, call);
    }
}

/// Ends all requests and claims of a device that goes away.
pub fn purge(device: Pin<&Csq>, call: &mut Call) {
    let lock = device.lock();
    lock.hold(call, |held| held.state().is_purged.set(true));
    let mut next = Some(0);
    while let Some(first) = next {
        next = lock.hold(call, |held| pending::purge_some(held, first));
        attend(device, call);
    }
    while let Some((irp, reason)) = device.claims().remove(call, &mut WantedClaim::All) {
        irp.complete(reason.status());
    }
}

/// One look at all counters. Not inlined: the copy of the counters takes registers that every other path through
/// the dispatch routine would have to save.
#[inline(never)]
pub fn statistics(device: Pin<&Csq>, call: &mut Call) -> Statistics {
    let (statistics, waiting) = device.lock().hold(call, |held| {
        let state = held.state();
        (state.counters.snapshot(), state.waiting_count.get())
    });
    Statistics {
        handles: device.handles.load(Ordering::Relaxed).into(),
        refused: device.refused.load(Ordering::Relaxed).into(),
        waiting: waiting.into(),
        ..statistics
    }
}

/// Ends a request that may not come in, or a claim, which has no tag.
#[cold]
#[inline(never)]
fn refuse(irp: Irp<Csq, Control>, call: &mut Call, tag: u64, status: NtStatus) -> Dispatched {
    let device = irp.device();
    if status == QUOTA_EXCEEDED {
        device.refused.fetch_add(1, Ordering::Relaxed);
    }
    device
        .events
        .write(|number| RefusedEvent::new(number, tag, status.code()));
    irp.complete(call, status)
}

/// The tag in the input of a `PEND` that was let in.
fn tag_of(input: &[u8]) -> u64 {
    Pend::ref_from_prefix(input).map_or(0, |(pend, _)| pend.tag.get())
}

/// A number of payload bytes, in the width it has on the wire.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most MAX_PAYLOAD, which has 32 bits"
)]
pub const fn wire_length(bytes: usize) -> u32 {
    bytes as u32
}
