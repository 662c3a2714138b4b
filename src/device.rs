//! One csq device: its state, and which function does each of its routines.

use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};

use csq_events::PnpState as PnpStateEvent;
use pin_project_lite::pin_project;
use wdm::csq::{Lock, Memory, Queue};
use wdm::trace::{DeviceEvents, Provider};
use wdm::{Call, Control, Device, Dispatched, InterfaceClass, Irp, NtStatus, PnpState};

use crate::pending::Requests;
use crate::queues::{File, Queues, State};
use crate::waiting::Claims;
use crate::{ioctl, parameters, requests, trace};

/// The upper half of the first ids.
const FIRST_GENERATION: u32 = 1;

pin_project! {
    /// The state of one device. It lives in the device extension.
    pub struct Csq {
        #[pin]
        requests: Queue<Requests>,
        #[pin]
        claims: Queue<Claims>,
        #[pin]
        lock: Lock<Queues>,
        pub handles: AtomicU64,
        pub refused: AtomicU64,
        pub events: DeviceEvents,
    }
}

impl Csq {
    pub fn requests(self: Pin<&Self>) -> Pin<&Queue<Requests>> {
        self.project_ref().requests
    }

    pub fn claims(self: Pin<&Self>) -> Pin<&Queue<Claims>> {
        self.project_ref().claims
    }

    pub fn lock(self: Pin<&Self>) -> Pin<&Lock<Queues>> {
        self.project_ref().lock
    }
}

impl Device for Csq {
    type File = File;

    const INTERFACE: Option<InterfaceClass> =
        Some(InterfaceClass::new(csq_protocol::INTERFACE_CLASS));
    const EVENTS: Option<&'static Provider> = Some(&trace::EVENTS);

    fn new() -> Self {
        let events = trace::EVENTS.number_device();
        Self {
            requests: Queue::new(),
            claims: Queue::new(),
            lock: Lock::new(State::new(events)),
            handles: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            events,
        }
    }

    fn initialize(self: Pin<&Self>) -> Result<(), NtStatus> {
        self.requests().register(self, self.lock())?;
        self.claims().register(self, self.lock())
    }

    fn create(self: Pin<&Self>, _call: &mut Call) -> Result<File, NtStatus> {
        Ok(File::new())
    }

    fn opened(self: Pin<&Self>, _file: Pin<&File>, _call: &mut Call) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    fn cleanup(self: Pin<&Self>, file: Pin<&File>, call: &mut Call) {
        requests::close_handle(self, call, file);
        self.handles.fetch_sub(1, Ordering::Relaxed);
    }

    fn device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        ioctl::dispatch(irp, call)
    }

    fn start(self: Pin<&Self>, call: &mut Call) -> Result<(), NtStatus> {
        let limits = parameters::limits();
        let memory = Memory::try_new(limits.device, FIRST_GENERATION)?;
        self.lock().provide(call, memory);
        self.lock()
            .hold(call, |held| held.state().handle_limit.set(limits.handle));
        Ok(())
    }

    fn purge(self: Pin<&Self>, call: &mut Call) {
        requests::purge(self, call);
    }

    fn release(self: Pin<&Self>, call: &mut Call) {
        self.lock().withdraw(call);
    }

    fn state_changed(self: Pin<&Self>, from: PnpState, to: PnpState) {
        self.events.write(|device| PnpStateEvent {
            device,
            from: from as u8,
            to: to as u8,
        });
    }
}
