//! The queue of claims that wait for a request.
//!
//! A claim goes into it only if nothing is pending: that is decided under the lock, by the callback, and so
//! this queue is one that may refuse (`IoCsqInsertIrpEx`).

use core::pin::Pin;

use wdm::csq::{Arriving, Discipline, Entry, Held, Place, Queue, Search, Slot};
use wdm::{Call, Dequeued, Irp, NtStatus};

use crate::device::Csq;
use crate::pending::claim;
use crate::queues::{File, QUOTA_EXCEEDED, Queues, Request};
use crate::reason::Reason;
use crate::requests;
use crate::statistics::add;

/// The discipline of the queue.
pub enum Claims {}

/// Why a claim need not wait.
pub enum Refusal {
    /// It has got a request.
    Served,
    /// Its handle or its device is closing.
    Closing(Reason),
}

/// What a claim is removed for.
pub enum Wanted<'call> {
    /// To get the oldest request, if there is one.
    Served,
    /// Its handle is being closed.
    Own(Pin<&'call File>),
    /// The device goes away.
    All,
}

impl Discipline for Claims {
    type Domain = Queues;
    type Insert<'call> = ();
    type Refusal = Refusal;
    type Peek<'call> = Wanted<'call>;
    type Note = Reason;

    const FULL: NtStatus = QUOTA_EXCEEDED;

    fn admit(
        held: &mut Held<'_, Queues>,
        file: Pin<&File>,
        request: &Request,
        (): &mut (),
    ) -> Result<(), NtStatus> {
        file.admit(held)?;
        request.is_claim.set(true);
        Ok(())
    }

    fn abandon(held: &mut Held<'_, Queues>, file: Pin<&File>, _: &Slot<Request>, (): &mut ()) {
        file.outstanding.release(held);
    }

    fn insert<'h>(
        held: &mut Held<'h, Queues>,
        irp: &mut Arriving<'h, Queues>,
        (): &mut (),
    ) -> Result<Place<'h, Queues>, Refusal> {
        let file = irp.file();
        let state = held.state();
        let lists = state.project_ref();
        let refusal = match file.reason_to_end(held) {
            Some(reason) => Some(Refusal::Closing(reason)),
            // What is pending is for those that have waited longer; or for this one, if they are being canceled.
            None if state.waiting_count.get() != 0 => {
                if !lists.pending.is_empty(&held.links) {
                    irp.attend();
                }
                None
            }
            None => claim(held, file, |head, request, skip| {
                irp.answer_from(head, request, skip);
            })
            .then_some(Refusal::Served),
        };
        if let Some(refusal) = refusal {
            file.outstanding.release(held);
            return Err(refusal);
        }
        add(&state.waiting_count, 1);
        Ok(Place {
            list: lists.waiting,
            own: file.project_ref().claims,
        })
    }

    fn peek<'s, 'h: 's, 'call: 's>(
        held: &mut Held<'h, Queues>,
        wanted: &mut Wanted<'call>,
    ) -> Search<'s, Queues> {
        let state = held.state().project_ref();
        match wanted {
            // The claims come first: most of the time there are none, whatever is pending.
            Wanted::Served
                if state.waiting_count.get() == 0 || state.pending.is_empty(&held.links) =>
            {
                Search::Nothing
            }
            Wanted::Served | Wanted::All => Search::In(state.waiting),
            Wanted::Own(file) => Search::Own(file.project_ref().claims),
        }
    }

    fn remove<'h>(
        held: &mut Held<'h, Queues>,
        entry: Entry<'h, Queues>,
        wanted: Option<&mut Wanted<'_>>,
    ) -> Reason {
        let file = entry.file();
        add(&held.state().waiting_count, -1);
        file.outstanding.release(held);
        match wanted {
            Some(Wanted::Served) => {
                // There is one: `peek` has seen it, under the same hold of the lock.
                claim(held, file, |head, request, skip| {
                    entry.answer_from(head, request, skip);
                });
                Reason::Completed
            }
            Some(Wanted::Own(_)) => Reason::Closed,
            Some(Wanted::All) => Reason::Removed,
            None => Reason::Canceled,
        }
    }

    fn canceled(irp: Irp<Csq, Dequeued<'_>>, reason: Option<Reason>) {
        irp.complete(reason.unwrap_or(Reason::Canceled).status());
    }

    fn attend(_queue: Pin<&Queue<Self>>, device: Pin<&Csq>, call: &mut Call) {
        requests::attend(device, call);
    }
}
