//! IRPs of one kind, made once and used again and again.

use std::ops::Range;

use super::Handle;
use super::io::{self, IRP_SIZE, TOP_LOCATION, control};
use super::memory::{load, read, store, write};
use crate::mapping::{Mapping, Protection};
use crate::nt::{irp, major, stack_location};

/// A cache line.
const LINE: usize = 64;

/// A number of device control requests of one handle that all ask for the same.
///
/// Memory for them is taken once. Each is an IRP with two stack locations and a system buffer of
/// its own.
#[derive(Debug)]
pub struct Requests<'handle> {
    handle: &'handle Handle<'handle>,
    memory: Mapping,
    stride: usize,
    count: usize,
    input: Vec<u8>,
}

impl Handle<'_> {
    /// Makes `count` requests of this handle.
    ///
    /// # Panics
    /// When there is no memory.
    #[must_use]
    pub fn requests(
        &self,
        code: u32,
        input: &[u8],
        output_length: usize,
        count: usize,
    ) -> Requests<'_> {
        let device = self.driver.device;
        let buffer = input.len().max(output_length);
        let lines = (control::SIZE + IRP_SIZE + buffer).div_ceil(LINE);
        // An odd number of lines, so that the requests do not all compete for the same few sets of
        // the caches.
        let stride = (lines | 1) * LINE;
        let memory =
            Mapping::new(stride * count, Protection::ReadWrite).expect("memory for the requests");
        let requests = Requests {
            handle: self,
            memory,
            stride,
            count,
            input: input.to_vec(),
        };
        for index in 0..count {
            let address = requests.address(index);
            io::initialize_irp(address, device, self.file, major::DEVICE_CONTROL);
            write(address + irp::SYSTEM_BUFFER, address + IRP_SIZE);
            let location = address + TOP_LOCATION;
            let parameters = [output_length as u64, input.len() as u64, u64::from(code)];
            for (word, value) in parameters.into_iter().enumerate() {
                let offset = stack_location::PARAMETERS + word * size_of::<u64>();
                write(location + offset, value);
            }
        }
        requests
    }
}

impl Requests<'_> {
    #[inline]
    fn address(&self, index: usize) -> usize {
        assert!(index < self.count, "there are {} requests", self.count);
        self.memory.base() + index * self.stride + control::SIZE
    }

    /// Where a request, with its stack locations and its buffer, is in memory.
    #[must_use]
    pub fn place(&self, index: usize) -> Range<usize> {
        let start = self.address(index) - control::SIZE;
        start..start + self.stride
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Sends a request, with the input it was made with, and returns what the dispatch routine did.
    ///
    /// # Panics
    /// If it is with the driver still.
    #[inline]
    #[must_use = "whether it is pending"]
    pub fn send(&self, index: usize) -> u32 {
        let address = self.address(index);
        store(address + IRP_SIZE, &self.input);
        self.dispatch(address)
    }

    /// As [`send`](Self::send), with another input of the same length.
    ///
    /// # Panics
    /// As for that; and if the length is another.
    #[inline]
    #[must_use = "whether it is pending"]
    pub fn send_with(&self, index: usize, input: &[u8]) -> u32 {
        assert_eq!(
            input.len(),
            self.input.len(),
            "the length is part of the request"
        );
        let address = self.address(index);
        store(address + IRP_SIZE, input);
        self.dispatch(address)
    }

    #[inline]
    fn dispatch(&self, address: usize) -> u32 {
        assert!(
            io::state(address) != control::SENT,
            "the request is with the driver"
        );
        io::send(self.handle.driver.device, address, major::DEVICE_CONTROL)
    }

    /// `IoCancelIrp`. Returns whether the request could be canceled; one that is not with the driver, any
    /// more or yet, cannot.
    #[inline]
    #[must_use = "whether it could be canceled"]
    pub fn cancel(&self, index: usize) -> bool {
        let address = self.address(index);
        io::state(address) == control::SENT && io::cancel(address)
    }

    /// Whether a request is with the driver.
    #[inline]
    #[must_use]
    pub fn is_sent(&self, index: usize) -> bool {
        io::state(self.address(index)) == control::SENT
    }

    /// With what a request was completed; `None` while it is not.
    #[inline]
    #[must_use]
    pub fn status(&self, index: usize) -> Option<u32> {
        let address = self.address(index);
        let done = io::state(address) == control::DONE;
        done.then(|| read(address - control::SIZE + control::STATUS))
    }

    /// What a completed request came back with; empty while it is not completed.
    #[must_use]
    pub fn output(&self, index: usize) -> Vec<u8> {
        let address = self.address(index);
        if io::state(address) != control::DONE {
            return Vec::new();
        }
        let length: usize = read(address - control::SIZE + control::INFORMATION);
        load(address + IRP_SIZE, length)
    }

    /// How many are with the driver.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        (0..self.count).filter(|&index| self.is_sent(index)).count()
    }
}

impl Drop for Requests<'_> {
    /// The memory must not go away under the driver.
    fn drop(&mut self) {
        assert!(
            std::thread::panicking() || self.outstanding() == 0,
            "requests are with the driver"
        );
    }
}
