//! Every way out but an answer: canceled by the client, closed with its handle, removed with its
//! device.

// UNSAFETY: walks lists under the lock, and releases slots.
#![expect(unsafe_code, reason = "intrusive lists of IRPs and slots")]

use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use super::account::Ending;
use super::peek::{Peek, following};
use super::serving::Serving;
use super::slot::{Place, Slot, index_of};
use super::{LockGuard, Queue, RequestQueues};
use crate::file_context::FileContext;
use crate::irp::{Irp, Moving};
use crate::list;
use crate::rundown::Rundown;
use crate::status::NtStatus;
use crate::sys::{DRIVER_CONTEXT_OFFSET, IRP};

/// Which of its own requests a client cancels.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// All.
    All,
    /// Those pended with this tag.
    Tag(u64),
    /// The one with this id.
    Id(u64),
}

/// Keeps the queues and their slots for one that holds no reference to the device's remove lock.
///
/// # Invariants
///
/// Inside the rundown `visits` of the queues.
pub struct Visit<'queues>(Pin<&'queues RequestQueues>);

impl RequestQueues {
    /// Cancels requests of one handle, wherever they are, and returns how many. All of them are
    /// chosen at one instant.
    pub fn cancel(self: Pin<&Self>, file: &FileContext, scope: Scope) -> u64 {
        let queues = self.get_ref();
        if !file.belongs_to(queues) {
            return 0;
        }
        let (peek, count) = match scope {
            Scope::Id(id) => {
                let Some(slot) = queues.slots.get(index_of(id)) else {
                    return 0;
                };
                (Peek::Doomed(slot, id), queues.doom_one(file, slot, id))
            }
            Scope::Tag(tag) => (Peek::OwnDoomed(file), queues.doom(file, Some(tag))),
            Scope::All => (Peek::OwnDoomed(file), queues.doom(file, None)),
        };
        if count > 0 {
            queues.drain(&queues.pending, peek, Ending::Canceled);
            queues.drain(&queues.claimed, peek, Ending::Canceled);
            // What another thread is moving ends there.
        }
        count
    }

    /// Enters the queues to close a handle; `None` when the device is gone and with it every
    /// request.
    #[must_use]
    pub fn visit(self: Pin<&Self>) -> Option<Visit<'_>> {
        // INVARIANT: entered.
        self.visits.enter().then(|| Visit(self))
    }

    /// Ends all requests and waiting claims: the device goes away. One that comes or moves from here
    /// on ends where it is.
    pub fn retire(self: Pin<&Self>) {
        let queues = self.get_ref();
        if !queues.registered.load(Ordering::Acquire) {
            return;
        }
        // From here on, none stays in a queue, whoever puts it there.
        queues.lock().retire();
        queues.drain(&queues.pending, Peek::Oldest, Ending::Removed);
        queues.drain(&queues.claimed, Peek::Oldest, Ending::Removed);
        queues.drain(&queues.waiting, Peek::Oldest, Ending::Removed);
    }

    /// Decides the fate of all free requests of a handle, or of those with a tag, and returns how
    /// many that are.
    fn doom(&self, file: &FileContext, wanted: Option<u64>) -> u64 {
        let account = self.lock();
        let mut count = 0;
        let mut irp = null_mut();
        loop {
            // SAFETY: the lock is held; `irp` is null or from here.
            irp = unsafe { following(file.requests(), irp, DRIVER_CONTEXT_OFFSET) };
            if irp.is_null() {
                return count;
            }
            // SAFETY: in the list, so it has a slot.
            let slot = unsafe { Slot::of(irp) };
            // SAFETY: the lock is held, and the slot not vacant.
            let tag = unsafe { slot.tenant() }.tag;
            if wanted.is_none_or(|wanted| wanted == tag) {
                count += account.cancel(slot);
            }
        }
    }

    /// As [`doom`](Self::doom), for the request with an id, if it is this handle's (TR-89).
    fn doom_one(&self, file: &FileContext, slot: &Slot, id: u64) -> u64 {
        let account = self.lock();
        if !slot.has(&account.held, id) {
            return 0;
        }
        // SAFETY: the lock is held, and the slot not vacant.
        let own = core::ptr::eq(unsafe { slot.tenant() }.owner, file);
        // A claim is no request.
        if own && slot.place.get(&account.held) != Place::Waiting {
            account.cancel(slot)
        } else {
            0
        }
    }

    /// The IRP moves out of its slot, before it is completed.
    ///
    /// # Safety
    ///
    /// The caller owns the slot's IRP, which is in no queue and in no handle's list, and uses
    /// neither the slot nor the IRP's place any more. The slot is one of these queues.
    #[inline]
    unsafe fn vacate(&self, slot: &Slot) {
        // SAFETY: by the caller.
        let owner = unsafe { slot.tenant() }.owner;
        // SAFETY: the IRP is not completed yet, and keeps its handle's context.
        unsafe { &*owner }.return_place();
        if slot.is_timed() {
            // SAFETY: by the caller.
            return unsafe { self.vacate_timed(slot) };
        }
        // SAFETY: without a timer, nobody else uses it.
        unsafe { self.slots.put(slot) };
    }

    /// The rest of [`vacate`](Self::vacate), for an IRP with a timer.
    ///
    /// # Safety
    ///
    /// As for [`vacate`](Self::vacate).
    #[cold]
    #[inline(never)]
    unsafe fn vacate_timed(&self, slot: &Slot) {
        // SAFETY: the caller uses the slot.
        let timing = unsafe { self.slots.timing(slot) };
        // SAFETY: started, because the slot is timed.
        let stopped = unsafe { timing.stop() };
        // A timer that was stopped does not use the slot either.
        let done = if stopped { 2 } else { 1 };
        // SAFETY: by the caller.
        unsafe { self.slots.leave(slot, done) };
    }

    /// Ends every IRP of `queue` that matches, by its fate or as `ending`.
    fn drain(&self, queue: &Queue, peek: Peek<'_>, ending: Ending) {
        while let Some(irp) = self.take_ended(queue, peek, ending) {
            irp.end();
        }
    }
}

impl Visit<'_> {
    /// What is kept.
    #[must_use]
    pub fn queues(&self) -> Pin<&RequestQueues> {
        self.0
    }

    /// Ends all requests and waiting claims of a handle that is being closed. One that comes from
    /// here on, or that another thread is moving, ends where it is.
    pub fn close_handle(&self, file: &FileContext) {
        let queues = self.0.get_ref();
        if !file.belongs_to(queues) {
            return;
        }
        {
            let account = queues.lock();
            file.closing.set(&account.held, true);
        }
        queues.drain(&queues.pending, Peek::Own(file), Ending::Closed);
        queues.drain(&queues.claimed, Peek::Own(file), Ending::Closed);
        queues.drain(&queues.waiting, Peek::OwnClaim(file), Ending::Closed);
    }

    /// Gives back, oldest first, all requests that a handle has claimed. Afterwards the queues know
    /// nothing of the handle any more. After [`close_handle`](Self::close_handle) it claims no
    /// more.
    pub fn give_back_claimed(&self, file: &FileContext) {
        let queues = self.0.get_ref();
        if !file.belongs_to(queues) {
            return;
        }
        while let Some(request) = queues.take_moving(&queues.claimed, Peek::AnyServed(file)) {
            // SAFETY: owned, and has been in a queue.
            let slot = unsafe { Slot::of(request.as_raw().as_ptr()) };
            // SAFETY: owned.
            unsafe { slot.trace_give_back(&queues.events) };
            request.give_back();
        }
        forget_server(&queues.lock(), file);
    }
}

/// Takes what is left out of a handle's list: requests that are being ended, and may still be in
/// the queue when the handle's context is gone.
fn forget_server(account: &LockGuard<'_>, file: &FileContext) {
    loop {
        // SAFETY: the lock is held.
        let link = unsafe { list::next(file.served()) };
        if link == file.served() {
            return;
        }
        // SAFETY: not the head.
        let serving = unsafe { Serving::of_link(link) };
        // SAFETY: the lock is held, and the link is in the list.
        unsafe { list::remove(link) };
        // SAFETY: as above. `csq_remove_irp` will take it out of a list of its own.
        unsafe { list::initialize(link) };
        serving.orphan(&account.held);
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        // SAFETY: entered, by the type invariant.
        unsafe { Rundown::leave(&raw const self.0.visits) };
    }
}

/// Writes an event about an IRP that ends with `status`. Leaves nothing in a register for
/// [`release`], which would have to save those for the sake of a trace.
///
/// # Safety
///
/// As for [`release`].
#[inline]
unsafe fn trace_end(irp: NonNull<IRP>, status: NtStatus) {
    // SAFETY: it has been in a queue, so it has a slot.
    let slot = unsafe { Slot::of(irp.as_ptr()) };
    // SAFETY: a slot with an IRP has been initialized.
    let queues = unsafe { slot.queues() };
    // SAFETY: by the caller.
    unsafe { slot.trace_end(&queues.events, status) };
}

/// Gives back what the queues keep for an IRP that is about to be completed with `status`.
///
/// # Safety
///
/// The caller owns `irp`, which has been in a queue, and is in none and in no handle's list.
#[inline]
pub(crate) unsafe fn release(irp: NonNull<IRP>, status: NtStatus) {
    // SAFETY: by the caller.
    unsafe { trace_end(irp, status) };
    // SAFETY: it has been in a queue, so it has a slot.
    let slot = unsafe { Slot::of(irp.as_ptr()) };
    // SAFETY: a slot with an IRP has been initialized.
    let queues = unsafe { slot.queues() };
    // SAFETY: by the caller.
    unsafe { queues.vacate(slot) };
}

/// Ends a request in the account that is about to be completed although it was to be moved.
///
/// # Safety
///
/// The caller owns `irp`, an IRP in the state [`Moving`].
pub(crate) unsafe fn abandon_moving(irp: NonNull<IRP>) {
    // SAFETY: it has been in a queue, so it has a slot.
    let slot = unsafe { Slot::of(irp.as_ptr()) };
    // SAFETY: a slot with an IRP has been initialized.
    let queues = unsafe { slot.queues() };
    // SAFETY: by the caller.
    let request = unsafe { Irp::<Moving>::from_raw(irp) };
    // The caller goes on to complete it.
    let _ = queues.settle(request, Ending::Canceled).into_raw();
}

/// The id of an IRP.
///
/// # Safety
///
/// The caller owns `irp`, which has been in a queue. As for the next two.
pub(crate) unsafe fn id(irp: NonNull<IRP>) -> u64 {
    // SAFETY: it has been in a queue, so it has a slot.
    let slot = unsafe { Slot::of(irp.as_ptr()) };
    // SAFETY: owned by the caller.
    unsafe { slot.tenant() }.id
}

/// The tag of an IRP.
///
/// # Safety
///
/// See [`id`].
pub(crate) unsafe fn tag(irp: NonNull<IRP>) -> u64 {
    // SAFETY: it has been in a queue, so it has a slot.
    let slot = unsafe { Slot::of(irp.as_ptr()) };
    // SAFETY: owned by the caller.
    unsafe { slot.tenant() }.tag
}

/// The status that goes with the fate of an IRP that is in no queue.
///
/// # Safety
///
/// See [`id`]; and it was taken out to be ended.
pub(crate) unsafe fn status(irp: NonNull<IRP>) -> NtStatus {
    // SAFETY: it has been in a queue, so it has a slot.
    let slot = unsafe { Slot::of(irp.as_ptr()) };
    // SAFETY: decided when it was taken out, and for good.
    let fate = unsafe { slot.fate.get_unlocked() };
    fate.unwrap_or(Ending::Canceled).status()
}
