//! From queue to queue, and out with an answer.

// UNSAFETY: calls IoCsq*.
#![expect(unsafe_code, reason = "gives IRPs to IoCsq* and gets them back")]

use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use super::account::{Ending, Purpose};
use super::insertion::{Doomed, Insertion, Outcome};
use super::peek::{Peek, PeekContext};
use super::slot::{Place, Slot, index_of};
use super::{Queue, RequestQueues, Visit};
use crate::file_context::FileContext;
use crate::irp::{Dequeued, Irp, Moving};
use crate::sys::{IO_CSQ_IRP_CONTEXT, IRP, IoCsqInsertIrp, IoCsqInsertIrpEx, IoCsqRemoveNextIrp};

/// A request that was not claimed, because the claiming handle is being closed.
#[must_use = "the request must be given back"]
pub struct Unclaimed(pub Irp<Moving>);

/// What one who brings requests and waiting claims together has to remember.
///
/// A claim that is being canceled is in its queue still, but cannot be had. Who finds only such
/// claims looks for newer ones from then on, and does not try again and again meanwhile.
#[derive(Default)]
pub struct Awaited {
    after: u64,
}

impl RequestQueues {
    /// Takes the oldest pending request, to have it claimed.
    #[must_use]
    pub fn take_pending(self: Pin<&Self>) -> Option<Irp<Moving>> {
        self.take_moving(&self.get_ref().pending, Peek::Free)
    }

    /// As [`take_pending`](Self::take_pending), if a claim waits for it.
    #[must_use]
    pub fn take_awaited(self: Pin<&Self>, awaited: &Awaited) -> Option<Irp<Moving>> {
        let peek = Peek::FreeIfAwaited(awaited.after);
        self.take_moving(&self.get_ref().pending, peek)
    }

    /// Takes the oldest waiting claim, to answer it.
    #[must_use]
    pub fn take_waiting(self: Pin<&Self>, awaited: &mut Awaited) -> Option<Irp<Dequeued>> {
        let mut context = PeekContext {
            peek: Peek::Oldest,
            purpose: Purpose::End(Ending::Completed),
            claims: 0,
        };
        let irp = self.take(&self.waiting, &mut context);
        if irp.is_none() {
            awaited.after = context.claims;
        }
        // SAFETY: the queue owned the IRP, with its remove-lock reference, and has given it up.
        irp.map(|irp| unsafe { Irp::from_raw(irp) })
    }

    /// Takes the oldest pending request out, to answer it.
    #[must_use]
    pub fn take_oldest(self: Pin<&Self>) -> Option<Irp<Dequeued>> {
        let queues = self.get_ref();
        queues.take_ended(&queues.pending, Peek::Free, Ending::Completed)
    }

    /// Takes the request with this id out, to answer it, if the handle has claimed it and it has
    /// not been canceled meanwhile (TR-89).
    #[must_use]
    pub fn take_claimed(self: Pin<&Self>, server: &FileContext, id: u64) -> Option<Irp<Dequeued>> {
        let queues = self.get_ref();
        if !server.belongs_to(queues) {
            return None;
        }
        let peek = Peek::Served(server, queues.slots.get(index_of(id))?, id);
        queues.take_ended(&queues.claimed, peek, Ending::Completed)
    }

    /// Gives an IRP to `IoCsqInsertIrp`, and ends it if it is decided by then that it must end. It
    /// may be gone when this returns, and with it what keeps the queues (INV-11). Returns them if
    /// there may be a request and a claim that go together.
    ///
    /// # Safety
    ///
    /// The caller owns `irp`, with its remove-lock reference, gives it up, and has put it into
    /// `slot`. `queue` is registered, and `context` the slot's [`context_of`](Self::context_of).
    #[inline]
    pub(super) unsafe fn put<'queues>(
        queue: &Queue,
        slot: &Slot,
        irp: NonNull<IRP>,
        context: *mut IO_CSQ_IRP_CONTEXT,
    ) -> Option<Visit<'queues>> {
        let insertion = Insertion::new();
        // SAFETY: owned, and inserted below while `insertion` lives.
        unsafe { slot.prepare_insertion(&raw const insertion) };
        // SAFETY: registered, and given up, by the caller. No lock is held (INV-14).
        unsafe { IoCsqInsertIrp(queue.as_csq(), irp.as_ptr(), context) };
        match insertion.outcome() {
            Outcome::Taken => None,
            outcome => conclude(outcome),
        }
    }

    /// What to insert a slot's IRP with: a clean context if it has a timer, whose routine finds it by
    /// that; otherwise null, and the library keeps none.
    ///
    /// # Safety
    ///
    /// The caller owns the slot's IRP, which is in no queue.
    pub(super) unsafe fn context_of(&self, slot: &Slot) -> *mut IO_CSQ_IRP_CONTEXT {
        if !slot.is_timed() {
            return null_mut();
        }
        // SAFETY: by the caller.
        let timing = unsafe { self.slots.timing(slot) };
        // SAFETY: as above.
        unsafe { timing.clean_context() }
    }

    /// Removes an IRP that is not being canceled: `IoCsqRemoveNextIrp`.
    fn take(&self, queue: &Queue, context: &mut PeekContext<'_>) -> Option<NonNull<IRP>> {
        if !self.registered.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: registered. The context is what `csq_peek_next_irp` expects, for as long as the
        // call takes.
        let irp = unsafe { IoCsqRemoveNextIrp(queue.as_csq(), (&raw mut *context).cast()) };
        NonNull::new(irp)
    }

    pub(super) fn take_moving(&self, queue: &Queue, peek: Peek<'_>) -> Option<Irp<Moving>> {
        let mut context = PeekContext {
            peek,
            purpose: Purpose::Move,
            claims: 0,
        };
        // SAFETY: the queue owned the IRP, with its remove-lock reference, and has given it up. It
        // stays in its handle's list.
        self.take(queue, &mut context)
            .map(|irp| unsafe { Irp::from_raw(irp) })
    }

    pub(super) fn take_ended(
        &self,
        queue: &Queue,
        peek: Peek<'_>,
        ending: Ending,
    ) -> Option<Irp<Dequeued>> {
        let mut context = PeekContext {
            peek,
            purpose: Purpose::End(ending),
            claims: 0,
        };
        // SAFETY: the queue owned the IRP, with its remove-lock reference, and has given it up.
        self.take(queue, &mut context)
            .map(|irp| unsafe { Irp::from_raw(irp) })
    }

    /// Takes a request that is in no queue out of its handle's list and out of the account; or a
    /// claim that never got into its queue.
    pub(super) fn settle(&self, request: Irp<Moving>, ending: Ending) -> Irp<Dequeued> {
        let irp = request.into_raw();
        // SAFETY: owned.
        let slot = unsafe { Slot::of(irp.as_ptr()) };
        let mut account = self.lock();
        if slot.place.get(&account.held) == Place::Vacant {
            // It was canceled before its first insertion.
            let ending = slot.fate.get(&account.held).unwrap_or(ending);
            slot.fate.set(&account.held, Some(ending));
            // SAFETY: owned. A claim is in no account.
            if unsafe { slot.is_request() } {
                account.count_arrival();
                account.count_ending(ending);
            }
        } else {
            // SAFETY: moving: owned, in its handle's list and in no queue.
            unsafe { account.end(slot, irp.as_ptr(), ending) };
        }
        drop(account);
        // SAFETY: owned, with its remove-lock reference.
        unsafe { Irp::from_raw(irp) }
    }
}

impl Irp<Moving> {
    /// Puts the request into the claimed queue, for the handle `server`: `IoCsqInsertIrpEx`. There
    /// it can still be canceled; one that has been is ended here, which is no failure.
    ///
    /// # Errors
    ///
    /// The request comes back when the server's handle is being closed, or is another device's.
    pub fn claim(self, server: &FileContext) -> Result<(), Unclaimed> {
        let irp = self.into_raw();
        // SAFETY: owned, and has been in a queue, so it has a slot.
        let slot = unsafe { Slot::of(irp.as_ptr()) };
        // SAFETY: a slot with an IRP has been initialized.
        let queues = unsafe { slot.queues() };
        if !server.belongs_to(&queues) {
            // SAFETY: given up above, with the remove-lock reference.
            return Err(Unclaimed(unsafe { Self::from_raw(irp) }));
        }
        // SAFETY: owned.
        unsafe { slot.trace_claim(&queues.events) };
        let insertion = Insertion::new();
        // SAFETY: owned, and inserted below while `insertion` lives.
        unsafe { slot.prepare_insertion(&raw const insertion) };
        // SAFETY: owned.
        let context = unsafe { queues.context_of(slot) };
        let file = (&raw const *server).cast_mut().cast();
        // SAFETY: registered, because the request comes from a queue; given up, unless it is
        // refused. No lock is held (INV-14). The caller has `server` until the call is over.
        let _ = unsafe { IoCsqInsertIrpEx(queues.claimed.as_csq(), irp.as_ptr(), context, file) };
        // Not the status, but what the callbacks did says who has the IRP (TR-12, TR-21).
        match insertion.outcome() {
            Outcome::Closed(request) => {
                // SAFETY: given back.
                unsafe { slot.trace_give_back(&queues.events) };
                return Err(Unclaimed(request));
            }
            Outcome::Over(request) => end_moving(request),
            // A request that is being claimed waits for no claim, and is refused in time.
            Outcome::Taken | Outcome::Awaited(_) | Outcome::Doomed(_) => {}
        }
        Ok(())
    }

    /// Puts the request back into the pending queue, where it was: `IoCsqInsertIrp`.
    pub fn give_back(self) {
        let irp = self.into_raw();
        // SAFETY: owned, and has been in a queue, so it has a slot.
        let slot = unsafe { Slot::of(irp.as_ptr()) };
        // SAFETY: a slot with an IRP has been initialized.
        let queues = unsafe { slot.queues() };
        // Whoever gives back looks for claims that wait anyhow, and keeps the queues.
        // SAFETY: owned until now.
        let context = unsafe { queues.context_of(slot) };
        // SAFETY: as above, and from a queue, so that is registered.
        let _ = unsafe { RequestQueues::put(&queues.get_ref().pending, slot, irp, context) };
    }
}

/// What is left to do after an insertion with this outcome. The IRP is no more the caller's.
#[cold]
#[inline(never)]
fn conclude(outcome: Outcome<'_>) -> Option<Visit<'_>> {
    match outcome {
        Outcome::Awaited(visit) => return Some(visit),
        Outcome::Doomed(doomed) => end_doomed(&doomed),
        // A server's closing refuses no plain insertion.
        Outcome::Over(irp) | Outcome::Closed(irp) => end_moving(irp),
        Outcome::Taken => {}
    }
    None
}

/// Ends an IRP in a queue whose fate is decided, unless somebody else is faster.
fn end_doomed(doomed: &Doomed<'_>) {
    let peek = Peek::Doomed(doomed.slot, doomed.id);
    let queues = doomed.visit.queues();
    if let Some(irp) = queues.take_ended(doomed.queue, peek, Ending::Canceled) {
        irp.end();
    }
}

/// Ends a request that is in no queue, by its fate, or as canceled if that is not decided.
#[cold]
#[inline(never)]
fn end_moving(request: Irp<Moving>) {
    // SAFETY: owned, and has been in a queue or was to be, so it has a slot.
    let slot = unsafe { Slot::of(request.as_raw().as_ptr()) };
    // SAFETY: a slot with an IRP has been initialized.
    let queues = unsafe { slot.queues() };
    queues.settle(request, Ending::Canceled).end();
}
