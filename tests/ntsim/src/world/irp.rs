//! What the I/O manager knows about each IRP. It stays when the IRP's memory is gone.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// One IRP.
#[derive(Clone, Debug, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each says what has happened")]
pub struct Irp {
    /// What reports call it, together with its number.
    pub name: &'static str,
    /// Its address.
    pub address: usize,
    /// The stack location of the topmost driver.
    pub top_location: usize,
    /// The file object's number.
    pub file: Option<usize>,
    /// The thread that it belongs to.
    pub thread: usize,
    /// `IRP_MJ`_*.
    pub major: u8,
    /// The control code of a DeviceIoControl call, 0 for others.
    pub control_code: u32,
    /// `SystemBuffer`, 0 for none.
    pub buffer: usize,
    /// Its length in bytes.
    pub buffer_length: usize,
    /// Bytes the requester can take.
    pub output_length: usize,
    /// Whether a driver has seen it.
    pub dispatched: bool,
    /// Whether it is completed all the way up.
    pub completed: bool,
    /// Whether completion began: no driver may call `IoCompleteRequest` any more.
    pub completing: bool,
    /// The final status.
    pub status: u32,
    /// The final `Information`.
    pub information: usize,
    /// The bytes that came back.
    pub output: Vec<u8>,
    /// Whether the top location was marked pending at completion.
    pub marked_pending: bool,
    /// Whether anybody asked to cancel it.
    pub cancel_requested: bool,
    /// In which queue it is: the `IO_CSQ` and the expected `DriverContext[3]`.
    pub queued: Option<Queued>,
    /// Whether it ever was in one.
    pub was_queued: bool,
    /// What the dispatch routine returned, once it has.
    pub dispatch_status: Option<u32>,
    /// Whether it came to the bottom of the stack.
    pub reached_bus: bool,
    /// What it is, if the driver has made it.
    pub own: Option<Own>,
    /// The program's buffers, for input and output, that the driver may know of; 0 for none.
    pub user: [usize; 2],
    /// `SystemBuffer`, if `buffer` is what the MDL describes; 0 for none.
    pub input: usize,
}

/// An IRP that the driver has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Own {
    /// By `IoAllocateIrp`.
    Allocated,
    /// By `IoInitializeIrp`, in memory of its own.
    InPlace,
    /// By `IoBuildAsynchronousFsdRequest`.
    Asynchronous,
    /// By `IoBuildDeviceIoControlRequest` or `IoBuildSynchronousFsdRequest`.
    Synchronous {
        /// The event that is set when it is complete, 0 for none.
        event: usize,
        /// The `IO_STATUS_BLOCK`.
        status_block: usize,
        /// Where the output goes, 0 for nowhere.
        output: usize,
        /// How much it may be.
        output_length: usize,
    },
    /// It is freed.
    Freed,
}

impl Irp {
    /// One that nobody has seen.
    pub const fn new(
        name: &'static str,
        address: usize,
        top_location: usize,
        thread: usize,
    ) -> Self {
        Self {
            name,
            address,
            top_location,
            file: None,
            thread,
            major: 0,
            control_code: 0,
            buffer: 0,
            buffer_length: 0,
            output_length: 0,
            dispatched: false,
            completed: false,
            completing: false,
            status: 0,
            information: 0,
            output: Vec::new(),
            marked_pending: false,
            cancel_requested: false,
            queued: None,
            was_queued: false,
            dispatch_status: None,
            reached_bus: false,
            own: None,
            user: [0; 2],
            input: 0,
        }
    }
}

/// What reports call an IRP.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    /// Its number.
    pub number: usize,
    /// What it was made for.
    pub name: &'static str,
}

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "IRP #{} ({})", self.number, self.name)
    }
}

/// Membership of a cancel-safe queue.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Queued {
    /// The `IO_CSQ`.
    pub csq: usize,
    /// What `DriverContext[3]` has to hold: the queue or the context.
    pub context: usize,
}

/// All IRPs ever made, by number.
#[derive(Clone, Debug, Default)]
pub struct Irps {
    list: Vec<Irp>,
    by_address: BTreeMap<usize, usize>,
}

/// In which order they were made depends on the schedule, and does not matter.
impl Hash for Irps {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for number in self.by_address.values() {
            self.list.get(*number).hash(hasher);
        }
    }
}

impl Irps {
    /// Adds one and returns its number.
    pub fn add(&mut self, irp: Irp) -> usize {
        let number = self.list.len();
        self.by_address.insert(irp.address, number);
        self.list.push(irp);
        number
    }

    /// By number.
    pub fn get(&self, number: usize) -> Option<&Irp> {
        self.list.get(number)
    }

    /// By number.
    pub fn get_mut(&mut self, number: usize) -> Option<&mut Irp> {
        self.list.get_mut(number)
    }

    /// The number of the IRP at an address.
    pub fn find(&self, address: usize) -> Option<usize> {
        self.by_address.get(&address).copied()
    }

    /// The IRP at an address.
    pub fn at(&mut self, address: usize) -> Option<&mut Irp> {
        let number = self.find(address)?;
        self.list.get_mut(number)
    }

    /// The number of the IRP whose memory, or whose buffer, holds an address, and the offset in it.
    pub fn around(&self, address: usize) -> Option<(usize, Part, usize)> {
        self.list.iter().enumerate().find_map(|(number, irp)| {
            let part = |start: usize, size: usize, part: Part| {
                (start != 0 && (start..start + size).contains(&address))
                    .then(|| (number, part, address - start))
            };
            let size = irp.top_location + crate::nt::stack_location::SIZE - irp.address;
            part(irp.address, size, Part::Irp)
                .or_else(|| part(irp.buffer, irp.buffer_length, Part::Buffer))
        })
    }

    /// In the order they were made.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Irp)> {
        self.list.iter().enumerate()
    }

    /// Those that are with the driver.
    pub fn outstanding(&self) -> impl Iterator<Item = &Irp> {
        self.list
            .iter()
            .filter(|irp| irp.dispatched && !irp.completed)
    }
}

/// Which memory of an IRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The IRP with its stack locations.
    Irp,
    /// Its system buffer.
    Buffer,
}
