//! The smallest driver with a cancel-safe queue. `PEND` keeps a request; `COMPLETE_NEXT` answers the oldest, if there is
//! one, with its own input. Programs open `\\.\Smallest`.

#![no_std]

use core::pin::Pin;

use pin_project_lite::pin_project;
use wdk_alloc::WdkAllocator;
use wdk_panic as _;
use wdm::csq::{Fifo, Own};
use wdm::{Call, Control, Device, Dispatched, Each, Irp, NtStatus};

const PEND: u32 = 0x0022_6000; // FILE_READ_DATA, METHOD_BUFFERED
const COMPLETE_NEXT: u32 = 0x0022_A004; // FILE_WRITE_DATA, METHOD_BUFFERED

#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

pin_project! {
    struct Smallest {
        #[pin]
        requests: Fifo<Smallest, Control>,
    }
}

impl Device for Smallest {
    type File = Own<Self, Control>;
    const NAME: Option<&'static str> = Some("Smallest");

    fn new() -> Self {
        Self {
            requests: Fifo::new(1024),
        }
    }

    fn queues(self: Pin<&Self>, each: &mut Each<'_, Self>) {
        each(self.project_ref().requests);
    }

    fn create(self: Pin<&Self>, _: &mut Call) -> Result<Self::File, NtStatus> {
        Ok(Own::new())
    }

    fn device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        match irp.code() {
            PEND => Fifo::pend(irp, call, |device| device.project_ref().requests),
            COMPLETE_NEXT => {
                if let Some(mut oldest) = irp.device().project_ref().requests.retrieve_next(call) {
                    oldest.answer(irp.input());
                    oldest.complete(NtStatus::SUCCESS);
                }
                irp.complete(call, NtStatus::SUCCESS)
            }
            _ => irp.complete(call, NtStatus::INVALID_DEVICE_REQUEST),
        }
    }
}

wdm::driver_entry!(Smallest);
