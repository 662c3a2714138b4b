//! One csq device: its state, and which file has each of its routines.

use core::pin::Pin;

use pin_project_lite::pin_project;
use wdm::trace::{DeviceEvents, Provider};
use wdm::{
    Control, Device, Dispatched, Fdo, FileContext, InterfaceClass, Irp, NtStatus, PoolBox,
    Received, RequestQueues,
};

use crate::file::Handles;
use crate::pnp::Lifecycle;
use crate::{file, ioctl, pnp, power, trace};

pin_project! {
    /// The state of one device. It lives in the device extension.
    pub struct Csq {
        #[pin]
        requests: RequestQueues,
        pub lifecycle: Lifecycle,
        pub handles: Handles,
        pub events: DeviceEvents,
    }
}

impl Csq {
    /// The requests that wait for an answer, and the claims that wait for a request.
    pub fn requests(self: Pin<&Self>) -> Pin<&RequestQueues> {
        self.project_ref().requests
    }
}

impl Device for Csq {
    const INTERFACE: InterfaceClass = InterfaceClass::new(csq_protocol::INTERFACE_CLASS);
    const EVENTS: &'static Provider = &trace::EVENTS;

    fn new() -> Self {
        let events = trace::EVENTS.number_device();
        Self {
            requests: RequestQueues::new(events),
            lifecycle: Lifecycle::new(events),
            handles: Handles::new(),
            events,
        }
    }

    fn initialize(self: Pin<&Self>) -> Result<(), NtStatus> {
        self.requests().register()
    }

    fn queues(self: Pin<&Self>) -> Pin<&RequestQueues> {
        self.requests()
    }

    fn create(self: Pin<&Self>) -> Result<PoolBox<FileContext>, NtStatus> {
        file::create(self)
    }

    fn cleanup(self: Pin<&Self>, file: &FileContext) {
        file::cleanup(self, file);
    }

    fn close(self: Pin<&Self>, file: PoolBox<FileContext>) {
        file::close(self, file);
    }

    fn is_gone(self: Pin<&Self>) -> bool {
        self.lifecycle.is_gone()
    }

    fn device_control(self: Pin<&Self>, irp: Irp<Control>) -> Dispatched {
        ioctl::dispatch(self, irp)
    }

    fn plug_and_play(fdo: Fdo<'_, Self>, irp: Irp<Received>) -> Dispatched {
        pnp::dispatch(fdo, irp)
    }

    fn power(self: Pin<&Self>, irp: Irp<Received>) -> Dispatched {
        power::dispatch(irp)
    }
}
