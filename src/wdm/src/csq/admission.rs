//! The ways in: new requests, and claims that wait for one.

// UNSAFETY: leaves rundowns that were entered elsewhere.
#![expect(unsafe_code, reason = "leaves rundowns that may be freed then")]

use core::pin::Pin;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use super::RequestQueues;
use super::slot::Slot;
use super::slot_table::Taken;
use crate::file_context::FileContext;
use crate::irp::{Dispatched, Irp, Received};
use crate::rundown::Rundown;

/// Why an IRP may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The queues are closed.
    Closed,
    /// The handle is being closed, or the IRP comes from none that goes with these queues.
    NoHandle,
}

/// A request that a queue has taken.
pub struct Pended {
    /// The proof of that.
    pub dispatched: Dispatched,
    /// Whether a claim waited when it came. A claim that comes later finds it.
    pub awaited: bool,
}

/// The permission to put IRPs of one handle into the queues. While there is one, neither the
/// device nor the handle goes on with its closing.
///
/// # Invariants
///
/// Inside the rundowns of `queues` and of `file`.
pub struct Entry<'queues> {
    queues: Pin<&'queues RequestQueues>,
    file: NonNull<FileContext>,
}

impl RequestQueues {
    /// Asks for permission to put IRPs of the handle that `irp` came through into the queues.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn enter(self: Pin<&Self>, irp: &Irp<Received>) -> Result<Entry<'_>, Refusal> {
        if !self.registered.load(Ordering::Acquire) || !self.admission.enter() {
            return Err(Refusal::Closed);
        }
        if let Some(file) = irp.stack().file_context() {
            // SAFETY: the IRP holds a reference to its file object, and the context lives until
            // that object's `IRP_MJ_CLOSE`.
            let context = unsafe { file.as_ref() };
            if context.belongs_to(&self) && context.open.enter() {
                // INVARIANT: both were entered.
                return Ok(Entry { queues: self, file });
            }
        }
        // SAFETY: entered above. The IRP keeps the device.
        unsafe { Rundown::leave(&raw const self.admission) };
        Err(Refusal::NoHandle)
    }
}

impl Entry<'_> {
    /// Puts a new request into the pending queue: `IoCsqInsertIrp`. It ends by itself after
    /// `timeout` milliseconds, unless that is 0. Whoever removes it next must end it; until then it
    /// may be canceled, possibly before this returns.
    ///
    /// # Errors
    ///
    /// The IRP comes back, and nothing has changed but a count, when the handle or the device has
    /// as many as it may, or the IRP is not of this handle.
    pub fn pend(
        &self,
        irp: Irp<Received>,
        tag: u64,
        timeout: u32,
    ) -> Result<Pended, Irp<Received>> {
        let Some(slot) = self.occupy(&irp, Some(tag)) else {
            return Err(irp);
        };
        // SAFETY: owned, and just put into the slot.
        unsafe { slot.trace_pend(timeout) };
        if timeout != 0 {
            // SAFETY: just occupied.
            unsafe { slot.set_timer(timeout) };
        }
        let awaited = self.queues.insert_pending(irp.into_raw());
        Ok(Pended {
            dispatched: Dispatched::pended(),
            awaited,
        })
    }

    /// Puts a claim into the waiting queue: `IoCsqInsertIrp`. As for [`pend`](Self::pend).
    ///
    /// # Errors
    ///
    /// As for [`pend`](Self::pend).
    pub fn wait(&self, irp: Irp<Received>) -> Result<Dispatched, Irp<Received>> {
        if self.occupy(&irp, None).is_none() {
            return Err(irp);
        }
        self.queues.insert_waiting(irp.into_raw());
        Ok(Dispatched::pended())
    }

    /// Finds a place for `irp` within both limits (TR-24, TR-88).
    fn occupy(&self, irp: &Irp<Received>, tag: Option<u64>) -> Option<&Slot> {
        if irp.stack().file_context() != Some(self.file) {
            return None;
        }
        // SAFETY: cleanup waits for the handle to be left, so the context is there.
        let file = unsafe { self.file.as_ref() };
        let queues = self.queues.get_ref();
        if !file.take_place(queues.handle_limit.load(Ordering::Relaxed)) {
            queues.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let Some(Taken { slot, fresh }) = queues.slots.take() else {
            file.return_place();
            queues.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        if let Some(index) = fresh {
            let generation = queues.generation.load(Ordering::Relaxed);
            let id = u64::from(generation) << 32 | u64::from(index);
            // SAFETY: just taken, as the first one.
            unsafe { slot.initialize(queues, id) };
        }
        // SAFETY: just taken; owned, and of this handle.
        unsafe { slot.occupy(irp.as_raw(), file, tag) };
        Some(slot)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        // SAFETY: cleanup waits for the handle to be left, so the context is still there, whatever
        // has become of its IRPs.
        let open = unsafe { &raw const (*self.file.as_ptr()).open };
        // SAFETY: entered, by the type invariant.
        unsafe { Rundown::leave(open) };
        // SAFETY: as above. Removal waits for this, so the queues are still there.
        unsafe { Rundown::leave(&raw const self.queues.admission) };
    }
}
