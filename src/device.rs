//! One csq device: its state, and which file has each of its routines.

use core::pin::Pin;

use pin_project_lite::pin_project;
use wdm::{
    CancelSafeQueue, Device, Dispatched, Fdo, FileContext, InterfaceClass, Irp, NtStatus, PoolBox,
    Received,
};

use crate::file::Handles;
use crate::pnp::Lifecycle;
use crate::requests::RequestIds;
use crate::{file, ioctl, pnp, power};

pin_project! {
    /// The state of one device. It lives in the device extension.
    pub struct Csq {
        #[pin]
        pending: CancelSafeQueue,
        pub lifecycle: Lifecycle,
        pub handles: Handles,
        pub ids: RequestIds,
    }
}

impl Csq {
    /// The queue of requests that wait for an answer.
    pub fn pending(self: Pin<&Self>) -> Pin<&CancelSafeQueue> {
        self.project_ref().pending
    }
}

impl Device for Csq {
    const INTERFACE: InterfaceClass = InterfaceClass::new(csq_protocol::INTERFACE_CLASS);

    fn new() -> Self {
        Self {
            pending: CancelSafeQueue::new(),
            lifecycle: Lifecycle::new(),
            handles: Handles::new(),
            ids: RequestIds::new(),
        }
    }

    fn initialize(self: Pin<&Self>) -> Result<(), NtStatus> {
        self.pending().register()
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

    fn device_control(self: Pin<&Self>, irp: Irp<Received>) -> Dispatched {
        ioctl::dispatch(self, irp)
    }

    fn plug_and_play(fdo: Fdo<'_, Self>, irp: Irp<Received>) -> Dispatched {
        pnp::dispatch(fdo, irp)
    }

    fn power(self: Pin<&Self>, irp: Irp<Received>) -> Dispatched {
        power::dispatch(irp)
    }
}
