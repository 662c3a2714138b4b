//! `SystemBuffer`: where a buffered request has its input, and later its output.
//!
//! See "Using Buffered I/O":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-buffered-i-o>.

// UNSAFETY: makes slices of the I/O manager's memory.
#![expect(unsafe_code, reason = "turns a pointer and a length into a slice")]

use core::marker::PhantomData;
use core::ptr::NonNull;
use core::slice;

use crate::stack_location::DeviceControl;

/// The one buffer of a buffered request. Input and output share it, so there is one borrow of it
/// at a time; what is written as output is gone as input.
pub struct SystemBuffer<'irp> {
    /// # Invariants
    ///
    /// Valid for reads of `input` bytes and for writes of `output` bytes for `'irp`, and nobody
    /// else uses it.
    start: NonNull<u8>,
    input: usize,
    output: usize,
    irp: PhantomData<&'irp mut [u8]>,
}

/// How many bytes of an answer have been written to a [`SystemBuffer`]: what
/// `IoStatus.Information` may say (INV-70, INV-71). Nothing else makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written(usize);

impl Written {
    /// Nothing.
    pub(crate) const NONE: Self = Self(0);

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }
}

impl SystemBuffer<'_> {
    /// The buffer at `start`. A null pointer stands for a buffer with no bytes (TR-80).
    ///
    /// # Safety
    ///
    /// `start` is the `SystemBuffer` of an IRP that the caller owns for `'irp`, and `lengths` are
    /// that IRP's.
    pub(crate) unsafe fn new(start: *mut u8, lengths: DeviceControl) -> Self {
        let (input, output) = if start.is_null() {
            (0, 0)
        } else {
            (lengths.input_length, lengths.output_length)
        };
        Self {
            start: NonNull::new(start).unwrap_or(NonNull::dangling()),
            // Lengths have 32 bits, and so has every `usize` of a kernel this builds for.
            input: input as usize,
            output: output as usize,
            irp: PhantomData,
        }
    }

    /// The input.
    #[must_use]
    pub fn input(&self) -> &[u8] {
        // SAFETY: valid for reads of that many bytes, by the type invariant.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.input) }
    }

    /// How many bytes an answer can have.
    #[must_use]
    pub const fn output_length(&self) -> usize {
        self.output
    }

    /// Writes as much of `answer` as there is space for, over the input.
    #[must_use = "the I/O manager copies only what `IoStatus.Information` says"]
    pub fn write(&mut self, answer: &[u8]) -> Written {
        self.write_parts([answer])
    }

    /// As [`write`](Self::write), for an answer in parts that follow each other.
    #[must_use = "the I/O manager copies only what `IoStatus.Information` says"]
    pub fn write_parts<const N: usize>(&mut self, parts: [&[u8]; N]) -> Written {
        let mut written = 0;
        for part in parts {
            let length = part.len().min(self.output - written);
            // SAFETY: `written` is at most `output`, which is in bounds by the type invariant.
            let end = unsafe { self.start.add(written) };
            // SAFETY: `part` has that many bytes, and so has the rest of the output, by the type
            // invariant, which also says that the two do not overlap.
            unsafe { end.copy_from_nonoverlapping(NonNull::from(part).cast(), length) };
            written += length;
        }
        Written(written)
    }
}
