//! A line with two ends, as a pair of virtual serial ports. The first handle is one end, the second the other. What is
//! written at one end is read at the other; `ReadFile` waits until there is something. Programs open `\\.\Pair`.

#![no_std]

mod line;

use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};

use pin_project_lite::pin_project;
use wdk_alloc::WdkAllocator;
use wdk_panic as _;
use wdm::csq::{Fifo, Own, Pends};
use wdm::{Call, Device, Dispatched, Each, Irp, NtStatus, Read, Transfers, Write};

use crate::line::Line;

const SHARING_VIOLATION: NtStatus = NtStatus::from_code(0xC000_0043);

#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

pin_project! {
    /// One end: those who read there, and what was written for them.
    struct End {
        #[pin]
        reads: Fifo<Pair, Read>,
        line: Line,
        is_open: AtomicBool,
    }
}

pin_project! {
    struct Pair {
        #[pin]
        first: End,
        #[pin]
        second: End,
    }
}

pin_project! {
    /// A handle.
    struct Port {
        is_first: bool,
        #[pin]
        reads: Own<Pair, Read>,
    }
}

impl End {
    fn new() -> Self {
        Self {
            reads: Fifo::new(256),
            line: Line::new(),
            is_open: AtomicBool::new(false),
        }
    }

    fn reads(self: Pin<&Self>) -> Pin<&Fifo<Pair, Read>> {
        self.project_ref().reads
    }

    /// Answers reads for as long as there are some, and something to read.
    fn deliver(self: Pin<&Self>, call: &mut Call) {
        self.line.deliver(call, |call, bytes| {
            let mut read = self.reads().retrieve_next(call)?;
            let filled = read.fill([bytes]);
            read.complete(filled.err().unwrap_or(NtStatus::SUCCESS));
            Some(filled.unwrap_or(0))
        });
    }
}

impl Pair {
    /// The end of that name, or its other.
    fn end(self: Pin<&Self>, is_first: bool) -> Pin<&End> {
        let ends = self.project_ref();
        if is_first { ends.first } else { ends.second }
    }

    fn ends(self: Pin<&Self>) -> [Pin<&End>; 2] {
        [self.end(true), self.end(false)]
    }
}

impl Pends<Read> for Pair {
    const IS_TOLD: bool = true;

    fn own(file: Pin<&Port>) -> Pin<&Own<Self, Read>> {
        file.project_ref().reads
    }

    fn arrived(self: Pin<&Self>, call: &mut Call) {
        self.ends().into_iter().for_each(|end| end.deliver(call));
    }
}

impl Device for Pair {
    type File = Port;
    const NAME: Option<&'static str> = Some("Pair");
    const TRANSFERS: Option<Transfers> = Some(Transfers::Direct);

    fn new() -> Self {
        Self {
            first: End::new(),
            second: End::new(),
        }
    }

    fn queues(self: Pin<&Self>, each: &mut Each<'_, Self>) {
        self.ends().into_iter().for_each(|end| each(end.reads()));
    }

    fn create(self: Pin<&Self>, _: &mut Call) -> Result<Port, NtStatus> {
        let is_free = |is_first: &bool| !self.end(*is_first).is_open.swap(true, Ordering::Relaxed);
        let free = [true, false].into_iter().find(is_free);
        let is_first = free.ok_or(SHARING_VIOLATION)?;
        Ok(Port {
            is_first,
            reads: Own::new(),
        })
    }

    fn read(irp: Irp<Self, Read>, call: &mut Call) -> Dispatched {
        let is_first = irp.file().is_none_or(|port| port.is_first);
        Fifo::pend(irp, call, |pair| pair.end(is_first).reads())
    }

    fn write(mut irp: Irp<Self, Write>, call: &mut Call) -> Dispatched {
        let is_first = irp.file().is_none_or(|port| port.is_first);
        let written = irp.device().end(!is_first).line.append(call, &irp);
        if let Ok(count) = written {
            irp.set_written(count);
            irp.device().end(!is_first).deliver(call);
        }
        irp.complete(call, written.err().unwrap_or(NtStatus::SUCCESS))
    }

    fn cleanup(self: Pin<&Self>, port: Pin<&Port>, call: &mut Call) {
        let end = self.end(port.is_first);
        end.line.clear(call);
        end.is_open.store(false, Ordering::Relaxed);
    }
}

wdm::driver_entry!(Pair);
