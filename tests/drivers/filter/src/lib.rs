//! A filter: passes everything down, and counts what the drivers below have done. `WAIT` is its own: it pends until
//! somebody sends `TELL`, and is then answered with the counts.

#![no_std]

use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};

use pin_project_lite::pin_project;
use wdk_alloc::WdkAllocator;
use wdk_panic as _;
use wdm::csq::{Fifo, Own};
use wdm::{
    Call, Control, Device, Dispatched, Each, Irp, Kind, NtStatus, Read, Returned, Role, Watch,
    Write,
};

/// `CTL_CODE(0x8001, 0x800, METHOD_BUFFERED, FILE_READ_DATA)`: a device type that no function driver below has.
const WAIT: u32 = 0x8001_6000;
/// `CTL_CODE(0x8001, 0x801, METHOD_BUFFERED, FILE_WRITE_DATA)`.
const TELL: u32 = 0x8001_A004;

#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

pin_project! {
    struct Filter {
        #[pin]
        waiting: Fifo<Filter, Control>,
        succeeded: AtomicU64,
        bytes: AtomicU64,
    }
}

impl Filter {
    fn waiting(self: Pin<&Self>) -> Pin<&Fifo<Self, Control>> {
        self.project_ref().waiting
    }

    /// Counts what comes back.
    fn count<K: Kind>(irp: &Irp<Self, Returned<K>>) {
        if irp.status().is_success() {
            let device = irp.device();
            device.succeeded.fetch_add(1, Ordering::Relaxed);
            device.bytes.fetch_add(irp.information(), Ordering::Relaxed);
        }
    }
}

impl Watch<Control> for Filter {
    fn returned(irp: &Irp<Self, Returned<Control>>) {
        Self::count(irp);
    }
}

impl Watch<Read> for Filter {
    fn returned(irp: &Irp<Self, Returned<Read>>) {
        Self::count(irp);
    }
}

impl Watch<Write> for Filter {
    fn returned(irp: &Irp<Self, Returned<Write>>) {
        Self::count(irp);
    }
}

impl Device for Filter {
    type File = Own<Self, Control>;
    const ROLE: Role = Role::Filter;

    fn new() -> Self {
        Self {
            waiting: Fifo::new(64),
            succeeded: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    fn queues(self: Pin<&Self>, each: &mut Each<'_, Self>) {
        each(self.waiting());
    }

    fn create(self: Pin<&Self>, _: &mut Call) -> Result<Self::File, NtStatus> {
        Ok(Own::new())
    }

    fn device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        match irp.code() {
            WAIT => Fifo::pend(irp, call, Self::waiting),
            TELL => {
                let device = irp.device();
                while let Some(mut waiting) = device.waiting().retrieve_next(call) {
                    let counts = [&device.succeeded, &device.bytes];
                    let counts = counts.map(|count| count.load(Ordering::Relaxed).to_le_bytes());
                    waiting.answer(counts.as_flattened());
                    waiting.complete(NtStatus::SUCCESS);
                }
                irp.complete(call, NtStatus::SUCCESS)
            }
            _ => irp.pass_down_watched(call),
        }
    }

    fn read(irp: Irp<Self, Read>, call: &mut Call) -> Dispatched {
        irp.pass_down_watched(call)
    }

    fn write(irp: Irp<Self, Write>, call: &mut Call) -> Dispatched {
        irp.pass_down_watched(call)
    }
}

wdm::driver_entry!(Filter);
