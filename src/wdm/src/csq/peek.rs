//! What to look for in a queue. Data and not a closure, so that nothing of a driver runs under the
//! lock.

// UNSAFETY: walks lists of raw links.
#![expect(unsafe_code, reason = "intrusive lists of IRPs and slots")]

use core::ptr::null_mut;

use super::account::Purpose;
use super::serving::Serving;
use super::slot::{Place, Slot};
use super::{Locked, Queue, RequestQueues};
use crate::file_context::FileContext;
use crate::list;
use crate::spin_lock::Held;
use crate::sys::{DRIVER_CONTEXT_OFFSET, IRP, LIST_ENTRY, PIRP, QUEUE_LINK_OFFSET};

/// Which IRP of a queue to remove. Those whose fate is decided are passed over where it says "free".
#[derive(Clone, Copy)]
pub(super) enum Peek<'file> {
    /// The oldest.
    Oldest,
    /// The oldest free one that is pending.
    Free,
    /// As `Free`, if a claim waits whose number is greater than this.
    FreeIfAwaited(u64),
    /// The oldest of a handle's requests.
    Own(&'file FileContext),
    /// The oldest of a handle's requests whose fate is decided.
    OwnDoomed(&'file FileContext),
    /// The oldest of a handle's waiting claims.
    OwnClaim(&'file FileContext),
    /// The one in this slot, if it has this id still and its fate is decided.
    Doomed(&'file Slot, u64),
    /// The free one in this slot, if it has this id still and this handle has claimed it.
    Served(&'file FileContext, &'file Slot, u64),
    /// The free one that is first in the list of what this handle has claimed.
    AnyServed(&'file FileContext),
}

/// What `IoCsqRemoveNextIrp` passes on to `csq_peek_next_irp`.
pub(super) struct PeekContext<'file> {
    pub(super) peek: Peek<'file>,
    pub(super) purpose: Purpose,
    /// Written by the callback, for [`Peek::Oldest`]: how many claims had ever waited when it looked.
    pub(super) claims: u64,
}

impl RequestQueues {
    /// The first IRP of `queue` that matches, or the first after `irp`, in the order of the list
    /// that the peek is about (INV-30). Null at the end.
    ///
    /// # Safety
    ///
    /// The lock is held, and `irp` is null or was returned for the same `context` and is in `queue`.
    pub(super) unsafe fn peek(
        &self,
        account: &Locked<'_>,
        queue: &Queue,
        irp: PIRP,
        context: &mut PeekContext<'_>,
    ) -> PIRP {
        let held = &account.held;
        let doomed = |slot: &Slot| slot.fate.get(held).is_some();
        let free = |slot: &Slot| !doomed(slot);
        let here = |slot: &Slot| slot.place.get(held) == queue.place;
        let is = |slot: &Slot, place: Place, id: u64| {
            // SAFETY: the lock is held, and no slot in a queue is vacant.
            slot.place.get(held) == place && unsafe { slot.tenant() }.id == id
        };
        match context.peek {
            Peek::Oldest => {
                context.claims = account.claims;
                // SAFETY: by the caller.
                unsafe { following(self.lists.of(queue), irp, QUEUE_LINK_OFFSET) }
            }
            Peek::FreeIfAwaited(after) if !self.awaited(held, after) => null_mut(),
            // SAFETY: by the caller.
            Peek::Free | Peek::FreeIfAwaited(_) => unsafe {
                first(self.lists.pending.as_ptr(), irp, QUEUE_LINK_OFFSET, free)
            },
            // SAFETY: by the caller.
            Peek::Own(file) => unsafe { first(file.requests(), irp, DRIVER_CONTEXT_OFFSET, here) },
            // SAFETY: by the caller.
            Peek::OwnDoomed(file) => unsafe {
                first(file.requests(), irp, DRIVER_CONTEXT_OFFSET, |slot| {
                    here(slot) && doomed(slot)
                })
            },
            // SAFETY: by the caller.
            Peek::OwnClaim(file) => unsafe { following(file.claims(), irp, DRIVER_CONTEXT_OFFSET) },
            Peek::Doomed(slot, id) => {
                let found = irp.is_null() && is(slot, queue.place, id) && doomed(slot);
                slot.irp_if(held, found)
            }
            Peek::Served(file, slot, id) => {
                let found = irp.is_null() && is(slot, Place::Claimed, id) && free(slot);
                // SAFETY: the lock is held, and the slot not vacant.
                let found = found && unsafe { self.slots.serving(slot) }.is_with(held, file);
                slot.irp_if(held, found)
            }
            // SAFETY: by the caller.
            Peek::AnyServed(file) => unsafe { self.first_served(held, file, irp) },
        }
    }

    /// The first free request in the list of what `server` has claimed, or the first after `irp`;
    /// null at the end. As [`first`], but the links are not in the IRPs.
    ///
    /// # Safety
    ///
    /// As for [`peek`](Self::peek).
    unsafe fn first_served(&self, held: &Held<'_>, server: &FileContext, irp: PIRP) -> PIRP {
        let mut link = server.served();
        if !irp.is_null() {
            // SAFETY: in the queue, so it has a slot.
            let slot = unsafe { Slot::of(irp) };
            // SAFETY: the lock is held, and the slot not vacant.
            link = unsafe { self.slots.serving(slot) }.link();
        }
        loop {
            // SAFETY: the head or a linked entry.
            link = unsafe { list::next(link) };
            if link == server.served() {
                return null_mut();
            }
            // SAFETY: not the head.
            let serving = unsafe { Serving::of_link(link) };
            // SAFETY: in the list, so it is one of these queues'.
            let slot = unsafe { self.slots.slot_of(serving) };
            if slot.fate.get(held).is_none() {
                // SAFETY: the lock is held, and the slot not vacant.
                return unsafe { slot.tenant() }.irp;
            }
        }
    }

    /// Whether a claim waits whose number is greater than `after`.
    fn awaited(&self, held: &Held<'_>, after: u64) -> bool {
        let waiting = self.lists.waiting.as_ptr();
        // SAFETY: the lock is held. The claim that came last is the last in the list.
        let last = unsafe { list::previous(waiting) };
        if last == waiting {
            return false;
        }
        let last = irp_of(last, QUEUE_LINK_OFFSET);
        // SAFETY: in the list, so it has a slot.
        let slot = unsafe { Slot::of(last) };
        slot.sequence.get(held) > after
    }
}

/// The IRP whose link is at `link`.
#[expect(
    clippy::cast_ptr_alignment,
    reason = "a link is less aligned than the IRP that it is in"
)]
fn irp_of(link: *mut LIST_ENTRY, offset: usize) -> PIRP {
    link.wrapping_byte_sub(offset).cast::<IRP>()
}

/// The first IRP in the list at `head` whose slot matches, or the first after `irp`; null at the
/// end. `offset` is where the list's links are in an IRP.
///
/// # Safety
///
/// The lock of the list is held, and `irp` is null or in the list.
#[inline]
unsafe fn first(
    head: *mut LIST_ENTRY,
    irp: PIRP,
    offset: usize,
    matches: impl Fn(&Slot) -> bool,
) -> PIRP {
    let mut link = if irp.is_null() {
        head
    } else {
        irp.wrapping_byte_add(offset).cast()
    };
    loop {
        // SAFETY: the head or a linked entry.
        link = unsafe { list::next(link) };
        if link == head {
            return null_mut();
        }
        let irp = irp_of(link, offset);
        // SAFETY: in the list, so it has a slot.
        if matches(unsafe { Slot::of(irp) }) {
            return irp;
        }
    }
}

/// As [`first`], whatever the slot.
///
/// # Safety
///
/// As for [`first`].
pub(super) unsafe fn following(head: *mut LIST_ENTRY, irp: PIRP, offset: usize) -> PIRP {
    // SAFETY: by the caller.
    unsafe { first(head, irp, offset, |_| true) }
}
