//! A clock that ticks while somebody waits. `WAIT` pends until the next tick, and is answered with its number. The timer's
//! routine runs at `DISPATCH_LEVEL`; it queues a work item, which answers at `PASSIVE_LEVEL`. Programs open `\\.\Clock`.

#![no_std]

use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};

use pin_project_lite::pin_project;
use wdk_alloc::WdkAllocator;
use wdk_panic as _;
use wdm::csq::{Fifo, Own, Pends};
use wdm::{Call, Control, Device, Dispatched, Each, Irp, NtStatus, Timer, WorkItem};

const WAIT: u32 = 0x0022_6000; // FILE_READ_DATA, METHOD_BUFFERED
/// Milliseconds from the first who waits to the tick.
const PERIOD: u32 = 100;

#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

pin_project! {
    struct Clock {
        #[pin]
        waiting: Fifo<Clock, Control>,
        #[pin]
        timer: Timer,
        #[pin]
        answers: WorkItem,
        ticks: AtomicU64,
    }
}

pin_project! {
    /// A handle.
    struct Handle {
        #[pin]
        requests: Own<Clock, Control>,
    }
}

impl Pends<Control> for Clock {
    const IS_TOLD: bool = true;

    fn own(file: Pin<&Handle>) -> Pin<&Own<Self, Control>> {
        file.project_ref().requests
    }

    fn arrived(self: Pin<&Self>, call: &mut Call) {
        self.project_ref().timer.set(call, PERIOD);
    }
}

impl Device for Clock {
    type File = Handle;
    const NAME: Option<&'static str> = Some("Clock");

    fn new() -> Self {
        Self {
            waiting: Fifo::new(256),
            timer: Timer::new(),
            answers: WorkItem::new(),
            ticks: AtomicU64::new(0),
        }
    }

    fn queues(self: Pin<&Self>, each: &mut Each<'_, Self>) {
        each(self.project_ref().waiting);
    }

    fn create(self: Pin<&Self>, _: &mut Call) -> Result<Handle, NtStatus> {
        Ok(Handle {
            requests: Own::new(),
        })
    }

    fn device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        match irp.code() {
            WAIT => Fifo::pend(irp, call, |device| device.project_ref().waiting),
            _ => irp.complete(call, NtStatus::INVALID_DEVICE_REQUEST),
        }
    }

    fn timer(self: Pin<&Self>) -> Option<Pin<&Timer>> {
        Some(self.project_ref().timer)
    }

    fn expired(self: Pin<&Self>, call: &mut Call) {
        self.project_ref().answers.queue(call);
    }

    fn work_item(self: Pin<&Self>) -> Option<Pin<&WorkItem>> {
        Some(self.project_ref().answers)
    }

    fn work(self: Pin<&Self>, call: &mut Call) {
        let tick = self.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        while let Some(mut irp) = self.project_ref().waiting.retrieve_next(call) {
            irp.answer(&tick.to_le_bytes());
            irp.complete(NtStatus::SUCCESS);
        }
    }

    fn purge(self: Pin<&Self>, call: &mut Call) {
        self.project_ref().timer.stop(call);
    }
}

wdm::driver_entry!(Clock);
