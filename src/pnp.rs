//! Plug and Play: starting, stopping and removing the device.
//!
//! ```text
//!              START                 QUERY_STOP              STOP
//! NotStarted ─────────► Started ◄──────────────► StopPending ─────► Stopped
//!                         │  ▲     CANCEL_STOP                         │
//!            QUERY_REMOVE │  └────────────────── START ────────────────┘
//!                         ▼
//!                   RemovePending ── REMOVE ──► Removed
//!                                                  ▲
//!      any ── SURPRISE_REMOVAL ──► SurpriseRemoved ┘ REMOVE
//! ```
//!
//! Requests that are pending stay pending while the device is stopped or its removal is only
//! asked about; they wait for programs, not for hardware. New ones are refused meanwhile (TR-69).

use core::pin::Pin;
use core::sync::atomic::{AtomicU8, Ordering};

use csq_events::PnpState;
use wdm::pnp::Minor;
use wdm::trace::DeviceEvents;
use wdm::{Dispatched, Fdo, Irp, NtStatus, Received};

use crate::device::Csq;
use crate::{parameters, requests};

/// Where a device is between `AddDevice` and its removal.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum State {
    NotStarted,
    Started,
    StopPending,
    Stopped,
    RemovePending,
    SurpriseRemoved,
    Removed,
}

/// The state, and the one to go back to when a removal is canceled. Only Plug and Play IRPs change
/// it, and those come one after the other.
pub struct Lifecycle {
    events: DeviceEvents,
    now: AtomicU8,
    before: AtomicU8,
}

impl Lifecycle {
    pub const fn new(events: DeviceEvents) -> Self {
        Self {
            events,
            now: AtomicU8::new(State::NotStarted as u8),
            before: AtomicU8::new(State::NotStarted as u8),
        }
    }

    /// With what to refuse a new handle or request; `None` if it is welcome.
    pub fn refusal(&self) -> Option<NtStatus> {
        let state = self.now.load(Ordering::Acquire);
        if state == State::Started as u8 {
            return None;
        }
        Some(refusal_in(state))
    }

    /// Whether the device is gone for good, although handles may be open still.
    pub fn is_gone(&self) -> bool {
        self.now.load(Ordering::Acquire) >= State::SurpriseRemoved as u8
    }

    fn is(&self, state: State) -> bool {
        self.now.load(Ordering::Acquire) == state as u8
    }

    fn enter(&self, state: State) {
        let before = self.now.swap(state as u8, Ordering::AcqRel);
        self.before.store(before, Ordering::Relaxed);
        self.trace(before, state as u8);
    }

    /// Goes back to the state before the last change.
    fn go_back(&self) {
        let before = self.before.load(Ordering::Relaxed);
        let left = self.now.swap(before, Ordering::AcqRel);
        self.trace(left, before);
    }

    fn trace(&self, from: u8, to: u8) {
        self.events.write(|device| PnpState { device, from, to });
    }
}

/// With what a device that is not started refuses. One that is asked whether it may be removed can come
/// back, so it is not gone yet. Apart, because most of the time it is started.
#[cold]
fn refusal_in(state: u8) -> NtStatus {
    if state >= State::SurpriseRemoved as u8 {
        NtStatus::DEVICE_REMOVED
    } else {
        NtStatus::DEVICE_NOT_READY
    }
}

/// `IRP_MJ_PNP`.
pub fn dispatch(fdo: Fdo<'_, Csq>, irp: Irp<Received>) -> Dispatched {
    match Minor::from(irp.stack().minor_function()) {
        Minor::Start => start(&fdo, irp),
        Minor::QueryStop => refuse_requests(fdo.device(), irp, State::StopPending),
        Minor::Stop => refuse_requests(fdo.device(), irp, State::Stopped),
        Minor::CancelStop => resume(fdo.device(), irp, State::StopPending),
        Minor::QueryRemove => refuse_requests(fdo.device(), irp, State::RemovePending),
        Minor::CancelRemove => resume(fdo.device(), irp, State::RemovePending),
        Minor::SurpriseRemoval => surprise_removal(&fdo, irp),
        Minor::Remove => remove(fdo, irp),
        Minor::Other => irp.pass_down(),
    }
}

/// `IRP_MN_START_DEVICE`: the drivers below start first.
fn start(fdo: &Fdo<'_, Csq>, mut irp: Irp<Received>) -> Dispatched {
    let device = fdo.device();
    let status = irp
        .forward_and_wait()
        .ok()
        .and_then(|()| device.requests().provide_slots(parameters::limits()))
        .and_then(|()| fdo.set_interface_state(true));
    match status {
        Ok(()) => {
            device.lifecycle.enter(State::Started);
            irp.complete(NtStatus::SUCCESS)
        }
        Err(status) => irp.complete(status),
    }
}

/// `IRP_MN_QUERY_STOP_DEVICE`, `IRP_MN_STOP_DEVICE`, `IRP_MN_QUERY_REMOVE_DEVICE`: agrees, and takes
/// no more requests. One that was let in a moment ago may be queued after this.
fn refuse_requests(device: Pin<&Csq>, mut irp: Irp<Received>, state: State) -> Dispatched {
    device.lifecycle.enter(state);
    irp.set_status(NtStatus::SUCCESS);
    irp.pass_down()
}

/// `IRP_MN_CANCEL_STOP_DEVICE`, `IRP_MN_CANCEL_REMOVE_DEVICE`: the drivers below come back first.
/// Either may come without its query, when a driver above refused that. A driver must succeed, whatever
/// comes up: otherwise the device "is left in an inconsistent state"
/// (<https://learn.microsoft.com/windows-hardware/drivers/kernel/irp-mn-cancel-remove-device>).
fn resume(device: Pin<&Csq>, mut irp: Irp<Received>, from: State) -> Dispatched {
    irp.set_status(NtStatus::SUCCESS);
    let _ = irp.forward_and_wait();
    if device.lifecycle.is(from) {
        device.lifecycle.go_back();
    }
    irp.complete(NtStatus::SUCCESS)
}

/// `IRP_MN_SURPRISE_REMOVAL`: the device is gone; handles may be open still.
fn surprise_removal(fdo: &Fdo<'_, Csq>, mut irp: Irp<Received>) -> Dispatched {
    retire(fdo, State::SurpriseRemoved);
    irp.set_status(NtStatus::SUCCESS);
    irp.pass_down()
}

/// `IRP_MN_REMOVE_DEVICE`: the end of the device.
fn remove(fdo: Fdo<'_, Csq>, irp: Irp<Received>) -> Dispatched {
    retire(&fdo, State::Removed);
    irp.remove_device(fdo)
}

/// Lets no requests in any more and ends all there are, in this order (INV-63). One that was let in
/// a moment ago ends when it is queued.
fn retire(fdo: &Fdo<'_, Csq>, state: State) {
    let device = fdo.device();
    device.lifecycle.enter(state);
    // The interface may be off already, or never have been on.
    let _ = fdo.set_interface_state(false);
    requests::flush_device(device);
}
