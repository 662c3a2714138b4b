// The smallest driver with a cancel-safe queue, but for `DriverEntry`: requests with one code wait until one with
// another ends the oldest.

use core::pin::Pin;

use pin_project_lite::pin_project;
use wdm::csq::{Fifo, Own};
use wdm::{Call, Control, Device, Dispatched, InterfaceClass, Irp, NtStatus};

const WAIT: u32 = 0x0022_2000;
const WAKE: u32 = 0x0022_2004;

pin_project! {
    /// The state of one device.
    pub struct Bell {
        #[pin]
        waiting: Fifo<Bell>,
    }
}

impl Bell {
    fn waiting(self: Pin<&Self>) -> Pin<&Fifo<Self>> {
        self.project_ref().waiting
    }
}

impl Device for Bell {
    type File = Own<Self>;

    const INTERFACE: InterfaceClass = InterfaceClass::new((0, 0, 0, [0; 8]));

    fn new() -> Self {
        Self {
            waiting: Fifo::new(),
        }
    }

    fn initialize(self: Pin<&Self>) -> Result<(), NtStatus> {
        self.waiting().register(self)
    }

    fn start(self: Pin<&Self>, call: &mut Call) -> Result<(), NtStatus> {
        self.waiting().make_room(call, 16)
    }

    fn create(self: Pin<&Self>, _call: &mut Call) -> Result<Own<Self>, NtStatus> {
        Ok(Own::new())
    }

    fn cleanup(self: Pin<&Self>, own: Pin<&Own<Self>>, call: &mut Call) {
        self.waiting().close(own, call);
    }

    fn device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        match irp.code() {
            WAIT => Fifo::pend(irp, call, Self::waiting),
            WAKE => {
                if let Some(oldest) = irp
                    .device()
                    .waiting()
                    .retrieve_next(call)
                {
                    oldest.complete(NtStatus::SUCCESS);
                }
                irp.complete(call, NtStatus::SUCCESS)
            }
            _ => irp.complete(call, NtStatus::INVALID_DEVICE_REQUEST),
        }
    }

    fn purge(self: Pin<&Self>, call: &mut Call) {
        self.waiting().purge(call);
    }

    fn release(self: Pin<&Self>, call: &mut Call) {
        self.waiting().release(call);
    }
}
