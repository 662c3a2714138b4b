//! What a trace says about requests. A claim that waits is no request, and has no events.
//!
//! Events are written by the owner of a request, before it gives it away, so that those of one
//! request come in their true order. The lock is free meanwhile, unless `IoCsq*` holds it when it
//! calls `csq_complete_canceled_irp` (public sources disagree): then an event is written under it,
//! where the IRP is completed as well.

// UNSAFETY: reads what belongs to the owner of an IRP.
#![expect(unsafe_code, reason = "reads the slots of owned IRPs")]

use csq_events::{Cancel, Claim, Complete, Flush, GiveBack, Pend, Timeout};

use super::account::Ending;
use super::slot::Slot;
use crate::status::NtStatus;
use crate::trace::DeviceEvents;

/// What happens to a request.
#[derive(Clone, Copy)]
enum Step {
    Pend { timeout: u32 },
    Claim,
    GiveBack,
    End(NtStatus),
}

impl Slot {
    /// A request has come in, and will be pending.
    ///
    /// # Safety
    ///
    /// The caller owns the slot's IRP. As for the others.
    pub(super) unsafe fn trace_pend(&self, events: &DeviceEvents, timeout: u32) {
        // SAFETY: by the caller.
        unsafe { self.trace(events, Step::Pend { timeout }) };
    }

    /// A request goes to a server.
    ///
    /// # Safety
    ///
    /// As for [`trace_pend`](Self::trace_pend).
    pub(super) unsafe fn trace_claim(&self, events: &DeviceEvents) {
        // SAFETY: by the caller.
        unsafe { self.trace(events, Step::Claim) };
    }

    /// A request comes back from a server whose handle is being closed.
    ///
    /// # Safety
    ///
    /// As for [`trace_pend`](Self::trace_pend).
    pub(super) unsafe fn trace_give_back(&self, events: &DeviceEvents) {
        // SAFETY: by the caller.
        unsafe { self.trace(events, Step::GiveBack) };
    }

    /// A request ends by its fate, with `status`.
    ///
    /// # Safety
    ///
    /// As for [`trace_pend`](Self::trace_pend); the IRP is in no queue.
    pub(super) unsafe fn trace_end(&self, events: &DeviceEvents, status: NtStatus) {
        // SAFETY: by the caller.
        unsafe { self.trace(events, Step::End(status)) };
    }

    /// # Safety
    ///
    /// As for [`trace_pend`](Self::trace_pend).
    #[inline]
    unsafe fn trace(&self, events: &DeviceEvents, step: Step) {
        if events.are_wanted() {
            // SAFETY: by the caller.
            unsafe { self.write(events, step) };
        }
    }

    /// The rest of [`trace`](Self::trace), out of the way, and off the stack, of those who do not
    /// need it.
    ///
    /// # Safety
    ///
    /// As for [`trace_pend`](Self::trace_pend).
    #[cold]
    #[inline(never)]
    unsafe fn write(&self, events: &DeviceEvents, step: Step) {
        // SAFETY: by the caller.
        if !unsafe { self.is_request() } {
            return;
        }
        // SAFETY: by the caller.
        let tenant = unsafe { self.tenant() };
        let (id, tag) = (tenant.id, tenant.tag);
        let status = match step {
            Step::Pend { timeout } => {
                return events.write(|device| Pend::new(device, id, tag, timeout));
            }
            Step::Claim => return events.write(|device| Claim::new(device, id, tag)),
            Step::GiveBack => return events.write(|device| GiveBack::new(device, id, tag)),
            Step::End(status) => status.code(),
        };
        // SAFETY: decided when it was taken out, and for good.
        match unsafe { self.fate.get_unlocked() } {
            Some(Ending::Completed) => {
                events.write(|device| Complete::new(device, id, tag, status));
            }
            Some(Ending::TimedOut) => {
                events.write(|device| Timeout::new(device, id, tag, status));
            }
            Some(Ending::Closed | Ending::Removed) => {
                events.write(|device| Flush::new(device, id, tag, status));
            }
            Some(Ending::Canceled) | None => {
                events.write(|device| Cancel::new(device, id, tag, status));
            }
        }
    }
}
