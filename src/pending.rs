//! The queue of requests.
//!
//! A request is in it from `PEND` to its end. The list that it is in says what state it is in:
//!
//! ```text
//! PEND ──1──► pending ──2──► served of the handle that claims it ──4──► removed, to be completed
//!               │ ▲ │                    │           │
//!               │ │ └───────────4────────┼───────────┼──► removed, to be completed
//!               │ └─────────3────────────┘           │
//!               └──────────5──────────► ending ◄──5──┘ ──6──► removed, to be completed
//!
//! 1 Requests::insert    2 claim    3 requeue    4 Requests::remove, for COMPLETE, COMPLETE_NEXT, a closing
//! handle; or canceled by the system    5 end: CANCEL, a timeout, removal    6 Requests::remove, for attend
//! ```
//!
//! All of this runs with the lock held.

use core::convert::Infallible;
use core::pin::Pin;

use csq_events::{Cancel, Claim as ClaimEvent, GiveBack, Pend as PendEvent};
use csq_protocol::wire::{Claimed, Pend};
use wdm::csq::{
    Arriving, Discipline, Entry, Held, InQueue, Links, List, Place, Queue, Search, Slot,
};
use wdm::{Call, Dequeued, Irp, NtStatus};
use zerocopy::IntoBytes;

use crate::device::Csq;
use crate::queues::{File, QUOTA_EXCEEDED, Queues, Request};
use crate::reason::Reason;
use crate::requests;

/// For how many steps the lock is held at most (INV-43).
const STEPS: u32 = 64;

/// The discipline of the queue.
pub enum Requests {}

/// What a `PEND` says.
pub struct Arrival {
    pub tag: u64,
    /// In milliseconds; 0 for none.
    pub timeout: u32,
}

/// Which request to remove, and why it ends if that is not decided.
pub enum Wanted<'call> {
    /// The oldest that is pending, to be answered.
    Oldest,
    /// The one with this id, to be answered, if this handle has claimed it.
    Claimed(Pin<&'call File>, u64),
    /// One of a handle that is being closed.
    Own(Pin<&'call File>),
    /// One that is ending.
    Ending,
}

/// What the thread that completes a request is told.
#[derive(Clone, Copy)]
pub struct Note {
    pub id: u64,
    pub reason: Reason,
}

impl Discipline for Requests {
    type Domain = Queues;
    type Insert<'call> = Arrival;
    type Refusal = Infallible;
    type Peek<'call> = Wanted<'call>;
    type Note = Note;

    const FULL: NtStatus = QUOTA_EXCEEDED;

    #[inline]
    fn admit(
        held: &mut Held<'_, Queues>,
        file: Pin<&File>,
        request: &Request,
        _arrival: &mut Arrival,
    ) -> Result<(), NtStatus> {
        file.admit(held)?;
        request.reason.set(None);
        request.is_claimed.set(false);
        request.is_claim.set(false);
        Ok(())
    }

    fn abandon(
        held: &mut Held<'_, Queues>,
        file: Pin<&File>,
        slot: &Slot<Request>,
        arrival: &mut Arrival,
    ) {
        let state = held.state();
        file.outstanding.release(held);
        state.counters.count_canceled_before();
        let status = Reason::Canceled.status().code();
        let (id, tag) = (slot.id(), arrival.tag);
        state
            .events
            .write(|device| PendEvent::new(device, id, tag, arrival.timeout));
        state
            .events
            .write(|device| Cancel::new(device, id, tag, status));
    }

    #[inline]
    fn insert<'h>(
        held: &mut Held<'h, Queues>,
        irp: &mut Arriving<'h, Queues>,
        arrival: &mut Arrival,
    ) -> Result<Place<'h, Queues>, Infallible> {
        let (file, slot, state) = (irp.file(), irp.slot(), held.state());
        let request = &slot.request;
        request.number.set(state.counters.count_pended());
        let id = slot.id();
        state
            .events
            .write(|device| PendEvent::new(device, id, arrival.tag, arrival.timeout));
        // Its time may be over already, or its handle or device have begun to close since it was admitted.
        let reason = request.reason.get().or_else(|| file.reason_to_end(held));
        request.reason.set(reason);
        let lists = state.project_ref();
        if reason.is_some() || state.waiting_count.get() != 0 {
            irp.attend();
        }
        Ok(Place {
            list: if reason.is_some() {
                lists.ending
            } else {
                lists.pending
            },
            own: file.project_ref().requests,
        })
    }

    #[inline]
    fn peek<'s, 'h: 's, 'call: 's>(
        held: &mut Held<'h, Queues>,
        wanted: &mut Wanted<'call>,
    ) -> Search<'s, Queues> {
        let state = held.state().project_ref();
        match *wanted {
            Wanted::Oldest => Search::In(state.pending),
            Wanted::Claimed(server, id) => match held.find(id) {
                Some(request) if request.is_in(server.project_ref().served) => {
                    Search::This(request)
                }
                _ => Search::Nothing,
            },
            Wanted::Own(file) => Search::Own(file.project_ref().requests),
            Wanted::Ending => Search::In(state.ending),
        }
    }

    #[inline]
    fn remove<'h>(
        held: &mut Held<'h, Queues>,
        entry: Entry<'h, Queues>,
        wanted: Option<&mut Wanted<'_>>,
    ) -> Note {
        let (slot, counters) = (entry.slot(), &held.state().get_ref().counters);
        let reason = slot.request.reason.get().unwrap_or(match wanted {
            Some(Wanted::Oldest | Wanted::Claimed(..)) => Reason::Completed,
            Some(Wanted::Own(_)) => Reason::Closed,
            Some(Wanted::Ending) | None => Reason::Canceled,
        });
        if slot.request.is_claimed.get() {
            counters.count_unclaimed();
        }
        counters.count_ended(reason);
        entry.file().outstanding.release(held);
        Note {
            id: slot.id(),
            reason,
        }
    }

    fn canceled(irp: Irp<Csq, Dequeued<'_>>, note: Option<Note>) {
        match note {
            Some(note) => requests::end(irp, note),
            // Counted, and its events written, by `abandon`.
            None => irp.complete(Reason::Canceled.status()),
        }
    }

    fn expired<'h>(
        held: &mut Held<'h, Queues>,
        request: &'h Request,
        entry: Option<Entry<'h, Queues>>,
    ) {
        match entry {
            Some(entry) => {
                end(held, entry, Reason::TimedOut);
            }
            None => request.reason.set(Some(Reason::TimedOut)),
        }
    }

    fn attend(_queue: Pin<&Queue<Self>>, device: Pin<&Csq>, call: &mut Call) {
        requests::attend(device, call);
    }
}

/// Records why a request ends, unless it is ending already. [`requests::attend`] completes it. Returns whether
/// that is the reason.
pub fn end<'h>(held: &mut Held<'h, Queues>, entry: Entry<'h, Queues>, reason: Reason) -> bool {
    let ending = held.state().project_ref().ending;
    move_to_ending(&mut held.links, ending, entry, reason)
}

/// See [`end`].
fn move_to_ending<'h>(
    links: &mut Links<'h, InQueue>,
    ending: Pin<&List<Queues, InQueue>>,
    entry: Entry<'h, Queues>,
    reason: Reason,
) -> bool {
    let recorded = &entry.slot().request.reason;
    if recorded.get().is_some() {
        return false;
    }
    recorded.set(Some(reason));
    ending.push(links, entry);
    true
}

/// Which of its own requests a client cancels.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    All,
    Tag(u64),
    Id(u64),
}

/// Cancels the request with this id, if it is of this handle. Returns whether there is one.
pub fn cancel_one(held: &mut Held<'_, Queues>, file: Pin<&File>, id: u64) -> bool {
    let entry = held.find(id).filter(|entry| {
        !entry.slot().request.is_claim.get()
            && core::ptr::eq(entry.file().get_ref(), file.get_ref())
    });
    entry.is_some_and(|entry| end(held, entry, Reason::Canceled))
}

/// How far canceling a handle's requests has come.
pub struct Progress {
    /// How many were canceled.
    pub count: u64,
    /// The id of the last that was looked at.
    last: u64,
    /// Requests with a higher number came later.
    newest: u64,
}

/// Cancels some of the requests of a handle, all or those with a tag. Returns how far it has come, if it is to
/// be called again.
pub fn cancel_some(
    held: &mut Held<'_, Queues>,
    file: Pin<&File>,
    tag: Option<u64>,
    progress: Option<Progress>,
) -> (Progress, bool) {
    let mut progress = progress.unwrap_or(Progress {
        count: 0,
        last: 0,
        newest: held.state().counters.pended(),
    });
    let ending = held.state().project_ref().ending;
    let last = held.find(progress.last);
    let own = file.project_ref().requests;
    let mut steps = 0;
    for entry in own.iter_after(&held.own_links, last).take(STEPS as usize) {
        let slot = entry.slot();
        if slot.request.number.get() > progress.newest {
            return (progress, false);
        }
        progress.last = slot.id();
        steps += 1;
        if tag.is_none_or(|tag| tag == tag_of(entry)) {
            let links = &mut held.links;
            progress.count += u64::from(move_to_ending(links, ending, entry, Reason::Canceled));
        }
    }
    (progress, steps == STEPS)
}

/// Ends the requests in some slots, from `first` on, because the device goes away. Returns where to go on.
pub fn purge_some(held: &mut Held<'_, Queues>, first: u32) -> Option<u32> {
    let (count, last) = (held.slot_count(), first.saturating_add(STEPS));
    for index in first..last.min(count) {
        if let Some(entry) = held.at(index)
            && !entry.slot().request.is_claim.get()
        {
            end(held, entry, Reason::Removed);
        }
    }
    (last < count).then_some(last)
}

/// Gives the oldest pending request to the handle `server`, and has `answer` copy what it brought. Returns
/// whether there was one.
pub fn claim<'h>(
    held: &mut Held<'h, Queues>,
    server: Pin<&File>,
    answer: impl FnOnce(&[u8], Entry<'h, Queues>, usize),
) -> bool {
    let state = held.state();
    let Some(entry) = state.project_ref().pending.first(&held.links) else {
        return false;
    };
    let (id, tag) = (entry.slot().id(), tag_of(entry));
    let payload = entry.input_length().saturating_sub(size_of::<Pend>());
    let header = Claimed {
        id: id.into(),
        tag: tag.into(),
        payload_length: requests::wire_length(payload).into(),
        ..Claimed::default()
    };
    answer(header.as_bytes(), entry, size_of::<Pend>());
    entry.slot().request.is_claimed.set(true);
    server.project_ref().served.push(&mut held.links, entry);
    state.counters.count_claimed();
    state
        .events
        .write(|device| ClaimEvent::new(device, id, tag));
    true
}

/// Requeues some of what a handle that is closed had claimed, each at its place in the order of arrival.
/// `after` is the id of a pending request that is older than the first, if there is one. Returns where to go
/// on; `None` when all is requeued.
pub fn requeue(held: &mut Held<'_, Queues>, server: Pin<&File>, mut after: u64) -> Option<u64> {
    let state = held.state();
    let pending = state.project_ref().pending;
    let claimed = server.project_ref().served;
    for _ in 0..STEPS {
        let entry = claimed.first(&held.links)?;
        let (id, request) = (entry.slot().id(), &entry.slot().request);
        let is_older = |other: &Entry<'_, Queues>| other.slot().request.number < request.number;
        // If it has gone meanwhile, the search begins anew.
        let older = held
            .find(after)
            .filter(|it| it.is_in(pending) && is_older(it));
        let next = match older {
            Some(older) => older.next(&held.links),
            None => pending.first(&held.links),
        };
        match next {
            Some(next) if is_older(&next) => {
                after = next.slot().id();
                continue;
            }
            Some(next) => entry.move_before(&mut held.links, next),
            None => pending.push(&mut held.links, entry),
        }
        request.is_claimed.set(false);
        state.counters.count_unclaimed();
        state
            .events
            .write(|device| GiveBack::new(device, id, tag_of(entry)));
        after = id;
    }
    Some(after)
}

/// The program's name for a request.
fn tag_of(entry: Entry<'_, Queues>) -> u64 {
    u64::from_le_bytes(entry.input_bytes(core::mem::offset_of!(Pend, tag)))
}
