//! The ways in: new requests, and claims that wait for one.
//!
//! Whether the handle or the device is being closed is not asked here but when the IRP is linked,
//! under the lock that their closing takes too. So nobody waits for an IRP that is on its way: one
//! that comes too late ends by the fate that it finds (INV-60, INV-63, TR-60).

// UNSAFETY: occupies slots.
#![expect(unsafe_code, reason = "puts owned IRPs into slots")]

use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use super::slot::Slot;
use super::{Queue, RequestQueues, Visit};
use crate::file_context::FileContext;
use crate::irp::{Control, Dispatched, Irp};
use crate::sys::IRP;

/// An IRP that may not come in.
#[must_use = "the IRP must be completed"]
pub struct Unpended {
    /// It comes back, and nothing has changed but a count.
    pub irp: Irp<Control>,
    /// Why.
    pub why: Refusal,
}

/// Why an IRP may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It comes from no handle that goes with these queues.
    NoHandle,
    /// The handle or the device has as many as it may.
    Full,
}

/// An IRP that a queue has taken.
pub struct Pended<'queues> {
    /// The proof of that.
    pub dispatched: Dispatched,
    /// The queues, if there may be a request and a claim that go together now. If not, even the
    /// device may be gone: its removal waits for IRPs, and this one may be over.
    pub visit: Option<Visit<'queues>>,
}

impl<'queues> Pended<'queues> {
    const fn with(visit: Option<Visit<'queues>>) -> Self {
        Self {
            dispatched: Dispatched::pended(),
            visit,
        }
    }
}

impl RequestQueues {
    /// Puts a new request into the pending queue: `IoCsqInsertIrp`. It ends by itself after
    /// `timeout` milliseconds, unless that is 0. Whoever removes it next must end it; until then it
    /// may be canceled, possibly before this returns. If its handle is being closed or the device
    /// removed, it ends here as if it had come before that.
    ///
    /// # Errors
    ///
    /// The IRP and why it may not come in.
    #[inline]
    pub fn pend(
        self: Pin<&Self>,
        irp: Irp<Control>,
        tag: u64,
        timeout: u32,
    ) -> Result<Pended<'_>, Unpended> {
        let queues = self.get_ref();
        let (slot, irp) = queues.occupy(irp, Some(tag))?;
        let queue = &queues.pending;
        let visit = if timeout != 0 || queues.events.are_wanted() {
            // SAFETY: owned until now, and just put into the slot. Queues with slots are registered.
            unsafe { self.put_new(queue, slot, irp, timeout) }
        } else {
            // SAFETY: as above; it has no timer.
            unsafe { Self::put(queue, slot, irp, null_mut()) }
        };
        Ok(Pended::with(visit))
    }

    /// Puts a claim into the waiting queue: `IoCsqInsertIrp`. As for [`pend`](Self::pend).
    ///
    /// # Errors
    ///
    /// As for [`pend`](Self::pend).
    pub fn wait(self: Pin<&Self>, irp: Irp<Control>) -> Result<Pended<'_>, Unpended> {
        let queues = self.get_ref();
        let (slot, irp) = queues.occupy(irp, None)?;
        // SAFETY: owned until now, and just put into the slot. Queues with slots are registered.
        let visit = unsafe { self.put_new(&queues.waiting, slot, irp, 0) };
        Ok(Pended::with(visit))
    }

    /// As [`put`](Self::put), for a new IRP of which there may be an event to write, or whose time is
    /// limited. Apart, so that others save no registers for it.
    ///
    /// # Safety
    ///
    /// As for [`put`](Self::put).
    #[cold]
    #[inline(never)]
    unsafe fn put_new<'queues>(
        self: Pin<&'queues Self>,
        queue: &Queue,
        slot: &Slot,
        irp: NonNull<IRP>,
        timeout: u32,
    ) -> Option<Visit<'queues>> {
        // SAFETY: owned, and just put into the slot. Nothing is written about a claim.
        unsafe { slot.trace_pend(&self.events, timeout) };
        if timeout != 0 {
            // SAFETY: just occupied.
            unsafe { slot.share_with_timer() };
            // SAFETY: as above.
            let timing = unsafe { self.slots.timing(slot) };
            // SAFETY: as above. It runs before the insertion (INV-12).
            unsafe { timing.start(slot, timeout) };
        }
        // SAFETY: in no queue.
        let context = unsafe { self.context_of(slot) };
        // SAFETY: by the caller.
        unsafe { Self::put(queue, slot, irp, context) }
    }

    /// Finds a place for `irp` within both limits (TR-24, TR-88), and gives up its ownership.
    #[inline]
    fn occupy(
        &self,
        irp: Irp<Control>,
        tag: Option<u64>,
    ) -> Result<(&Slot, NonNull<IRP>), Unpended> {
        let file = match irp.stack().file() {
            Some(file) if file.belongs_to(self) => file,
            _ => {
                let why = Refusal::NoHandle;
                return Err(Unpended { irp, why });
            }
        };
        let Some(slot) = self.take_slot(file) else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            let why = Refusal::Full;
            return Err(Unpended { irp, why });
        };
        // SAFETY: just taken; owned, and of this handle.
        unsafe { slot.occupy(irp.as_raw(), file, tag) };
        Ok((slot, irp.into_raw()))
    }

    #[inline]
    fn take_slot(&self, file: &FileContext) -> Option<&Slot> {
        if !file.take_place(self.handle_limit.load(Ordering::Relaxed)) {
            return None;
        }
        let Some((index, slot)) = self.slots.take() else {
            file.return_place();
            return None;
        };
        // SAFETY: just taken.
        if unsafe { slot.is_fresh() } {
            let generation = self.generation.load(Ordering::Relaxed);
            let id = u64::from(generation) << 32 | u64::from(index);
            // SAFETY: just taken, as the first one.
            unsafe { slot.initialize(self, id) };
        }
        Some(slot)
    }
}
