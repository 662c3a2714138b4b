//! An IRP that is being inserted, and where it goes.

// UNSAFETY: writes to the buffer of an IRP that a callback has.
#![expect(unsafe_code, reason = "answers an IRP that is being inserted")]

use core::pin::Pin;
use core::ptr::NonNull;

use super::domain::Domain;
use super::list::{Entry, InOwner, InQueue, List};
use super::slots::Slot;
use crate::buffer::Answer;
use crate::device::Device;
use crate::state::Control;
use crate::sys::IRP;

/// An IRP that is being inserted.
pub struct Arriving<'h, G: Domain> {
    pub(super) irp: NonNull<IRP>,
    pub(super) file: Pin<&'h <G::Device as Device>::File>,
    pub(super) slot: &'h Slot<G::Request>,
    pub(super) is_to_attend: bool,
}

impl<'h, G: Domain> Arriving<'h, G> {
    /// The state of the handle it came through.
    #[must_use]
    #[inline]
    pub const fn file(&self) -> Pin<&'h <G::Device as Device>::File> {
        self.file
    }

    /// What is kept for it.
    #[must_use]
    #[inline]
    pub const fn slot(&self) -> &'h Slot<G::Request> {
        self.slot
    }

    /// Has [`Discipline::attend`](super::Discipline::attend) called once the IRP is in the queue. The inserting thread cannot do that:
    /// the IRP, and with it the device, may be gone by then (TR-26).
    pub const fn attend(&mut self) {
        self.is_to_attend = true;
    }
}

impl<'h, G: Domain<Kind = Control>> Arriving<'h, G> {
    /// Answers it with `head`, followed by the input of `request` from byte `skip` on. For an IRP that is
    /// refused, because it has got what it came for.
    pub fn answer_from(&mut self, head: &[u8], request: Entry<'h, G>, skip: usize) {
        // SAFETY: it is being inserted, and the space is not given to anybody else.
        unsafe { Answer::of(self.irp) }.copy_from(head, request, skip);
    }
}

/// Where an IRP goes: last in both lists.
pub struct Place<'h, G: Domain> {
    /// The list that says what state it is in.
    pub list: Pin<&'h List<G, InQueue>>,
    /// The list of its owner.
    pub own: Pin<&'h List<G, InOwner>>,
}
