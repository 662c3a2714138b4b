//! A camera whose frames come from a program: `GET_FRAME` waits for the next frame, `PUT_FRAME` gives it to those who wait.
//! Frames are large, so both use direct I/O: they are copied once, from the pages of one program to those of the other.
//! Programs open `\\.\Frames`.

#![no_std]

use core::pin::Pin;

use pin_project_lite::pin_project;
use wdk_alloc::WdkAllocator;
use wdk_panic as _;
use wdm::csq::{Fifo, Own};
use wdm::{Call, Device, Dispatched, Each, InDirect, Irp, NtStatus, OutDirect};

const GET_FRAME: u32 = 0x0022_6002; // FILE_READ_DATA, METHOD_OUT_DIRECT
const PUT_FRAME: u32 = 0x0022_A005; // FILE_WRITE_DATA, METHOD_IN_DIRECT

/// How many may wait.
const PLACES: u32 = 64;

#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

pin_project! {
    struct Frames {
        #[pin]
        waiting: Fifo<Frames, OutDirect>,
    }
}

impl Device for Frames {
    type File = Own<Self, OutDirect>;
    const NAME: Option<&'static str> = Some("Frames");

    fn new() -> Self {
        Self {
            waiting: Fifo::new(PLACES),
        }
    }

    fn queues(self: Pin<&Self>, each: &mut Each<'_, Self>) {
        each(self.project_ref().waiting);
    }

    fn create(self: Pin<&Self>, _: &mut Call) -> Result<Self::File, NtStatus> {
        Ok(Own::new())
    }

    fn out_direct(irp: Irp<Self, OutDirect>, call: &mut Call) -> Dispatched {
        match irp.code() {
            GET_FRAME => Fifo::pend(irp, call, |device| device.project_ref().waiting),
            _ => irp.complete(call, NtStatus::INVALID_DEVICE_REQUEST),
        }
    }

    fn in_direct(irp: Irp<Self, InDirect>, call: &mut Call) -> Dispatched {
        if irp.code() != PUT_FRAME {
            return irp.complete(call, NtStatus::INVALID_DEVICE_REQUEST);
        }
        let waiting = irp.device().project_ref().waiting;
        for _ in 0..PLACES {
            let Some(mut oldest) = waiting.retrieve_next(call) else {
                break;
            };
            let filled = oldest.fill_from(&irp);
            oldest.complete(filled.err().unwrap_or(NtStatus::SUCCESS));
        }
        irp.complete(call, NtStatus::SUCCESS)
    }
}

wdm::driver_entry!(Frames);
