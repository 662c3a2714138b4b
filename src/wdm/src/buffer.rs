//! `SystemBuffer`: where a buffered request has its input, and later its answer.
//!
//! Both share the memory: what is answered overwrites the input. How much was answered is noted in the IRP
//! itself, in `IoStatus.Information`, so one IRP's answer cannot be taken for another's (INV-70, INV-71).
//!
//! See "Using Buffered I/O":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-buffered-i-o>.

// UNSAFETY: reads and writes the I/O manager's memory.
#![expect(unsafe_code, reason = "turns a pointer and a length into a slice")]

use core::marker::PhantomData;
use core::pin::Pin;
use core::ptr::NonNull;

use crate::device::Device;
use crate::file;
use crate::irp::Irp;
use crate::stack_location::{DeviceControl, StackLocation};
use crate::state::{Coded, Control, State};
use crate::sys::{IRP, system_buffer};

/// The space for the answer to an IRP.
pub struct Answer<'irp> {
    irp: NonNull<IRP>,
    of: PhantomData<&'irp mut [u8]>,
}

impl<D, S: State<Kind: Coded>> Irp<D, S> {
    /// The control code.
    #[must_use]
    #[inline]
    pub fn code(&self) -> u32 {
        self.lengths().code
    }

    #[inline]
    fn lengths(&self) -> DeviceControl {
        // SAFETY: a device control request, by the type invariant.
        unsafe { self.stack().device_control() }
    }

    /// What came with it, until something is answered.
    #[must_use]
    #[inline]
    pub fn input(&self) -> &[u8] {
        // SAFETY: owned while borrowed. Who answers borrows it mutably.
        let buffer = unsafe { Buffer::of(self.as_raw()) };
        // SAFETY: valid for reads of that many bytes, by the type invariant.
        unsafe { core::slice::from_raw_parts(buffer.start.as_ptr(), buffer.input) }
    }
}

impl<D, S: State<Kind = Control>> Irp<D, S> {
    /// How many bytes an answer can have.
    #[must_use]
    #[inline]
    pub fn output_length(&self) -> usize {
        self.lengths().output_length as usize
    }

    /// Answers with as many of `bytes` as there is space for. Returns how many those are.
    #[inline]
    pub fn answer(&mut self, bytes: &[u8]) -> usize {
        // SAFETY: owned, and borrowed for as long.
        unsafe { Answer::of(self.as_raw()) }.answer(bytes)
    }
}

impl<D: Device, S: State<Kind = Control>> Irp<D, S> {
    /// The device, the state of the handle the IRP came through, and the space for its answer.
    pub fn parts(&mut self) -> (Pin<&D>, Option<Pin<&D::File>>, Answer<'_>) {
        let irp = self.as_raw();
        // SAFETY: owned while borrowed. The space for the answer is in none of the other parts.
        let answer = unsafe { Answer::of(irp) };
        // SAFETY: owned while borrowed.
        let file = unsafe { file::of_irp::<D>(irp) };
        (self.device(), file, answer)
    }
}

impl Answer<'_> {
    /// The space of an IRP.
    ///
    /// # Safety
    ///
    /// For `'irp`, the caller owns the IRP or holds the lock of the queue it is in or comes to, and nobody else has this
    /// space.
    pub(crate) const unsafe fn of(irp: NonNull<IRP>) -> Self {
        Self {
            irp,
            of: PhantomData,
        }
    }

    /// See [`Irp::answer`].
    #[inline]
    pub fn answer(&mut self, bytes: &[u8]) -> usize {
        // SAFETY: this IRP's, for as long. `bytes` can be read for their length.
        unsafe { write(self.irp, [(bytes.as_ptr(), bytes.len())]) }
    }

    /// Answers with `head`, followed by the input of `request` from byte `skip` on.
    ///
    /// # Safety
    ///
    /// The caller owns `request`, or holds the lock of its queue.
    pub(crate) unsafe fn answer_from(&mut self, head: &[u8], request: NonNull<IRP>, skip: usize) {
        // SAFETY: the caller has `request`, or holds the lock of its queue.
        let from = unsafe { Buffer::of(request) };
        let skip = skip.min(from.input);
        // SAFETY: at most its length.
        let rest = unsafe { from.start.add(skip) };
        let parts = [
            (head.as_ptr(), head.len()),
            (rest.as_ptr().cast_const(), from.input - skip),
        ];
        // SAFETY: this IRP's, for as long; the parts can be read for their lengths.
        unsafe { write(self.irp, parts) };
    }
}

/// A `SystemBuffer`.
///
/// # Invariants
///
/// Valid for reads of `input` bytes for as long as the IRP is, and, of a buffered request, for writes of `output`.
struct Buffer {
    start: NonNull<u8>,
    input: usize,
    output: usize,
}

impl Buffer {
    /// # Safety
    ///
    /// `irp` is a device control request with its input in `SystemBuffer` that the caller owns, or holds the lock of
    /// the queue of.
    #[inline]
    unsafe fn of(irp: NonNull<IRP>) -> Self {
        // SAFETY: the caller has the IRP, or holds the lock of its queue.
        let stack = unsafe { StackLocation::of(irp) };
        // SAFETY: a device control request.
        let lengths = unsafe { stack.device_control() };
        // SAFETY: the caller has the IRP, or holds the lock of its queue.
        let field = unsafe { system_buffer(irp.as_ptr()) };
        // SAFETY: a field of the IRP, and the member of its union that buffered I/O uses.
        let start: *mut u8 = unsafe { *field }.cast();
        // A null pointer stands for a buffer with no bytes (TR-80).
        match NonNull::new(start) {
            Some(start) => Self {
                start,
                input: lengths.input_length as usize,
                output: lengths.output_length as usize,
            },
            None => Self {
                start: NonNull::dangling(),
                input: 0,
                output: 0,
            },
        }
    }
}

/// The length of the input.
///
/// # Safety
///
/// As for [`Buffer::of`].
pub(crate) unsafe fn input_length(irp: NonNull<IRP>) -> usize {
    // SAFETY: the caller has the IRP, or holds the lock of its queue.
    unsafe { Buffer::of(irp) }.input
}

/// A copy of some bytes of the input; zeros, if it has fewer.
///
/// # Safety
///
/// As for [`Buffer::of`].
pub(crate) unsafe fn input_bytes<const N: usize>(irp: NonNull<IRP>, offset: usize) -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: the caller has the IRP, or holds the lock of its queue.
    let buffer = unsafe { Buffer::of(irp) };
    if offset.checked_add(N).is_some_and(|end| end <= buffer.input) {
        // SAFETY: in bounds.
        let start = unsafe { buffer.start.add(offset) };
        // SAFETY: so many bytes follow.
        unsafe { start.as_ptr().copy_to(bytes.as_mut_ptr(), N) };
    }
    bytes
}

/// Writes as much of some parts as there is space for, one after the other, and notes how much in the IRP.
///
/// # Safety
///
/// As for [`Buffer::of`]; the caller may write to the buffer, and each part can be read for its length. A
/// part may overlap the buffer.
#[inline]
unsafe fn write<const N: usize>(irp: NonNull<IRP>, parts: [(*const u8, usize); N]) -> usize {
    // SAFETY: the caller has the IRP and its space, alone.
    let buffer = unsafe { Buffer::of(irp) };
    let mut written = 0;
    for (start, length) in parts {
        let length = length.min(buffer.output - written);
        // SAFETY: at most `output`.
        let end = unsafe { buffer.start.add(written) };
        // SAFETY: the part has that many bytes, and the buffer has room for them.
        unsafe { end.as_ptr().copy_from(start, length) };
        written += length;
    }
    // SAFETY: the caller has the IRP, alone.
    unsafe { (*irp.as_ptr()).IoStatus.Information = written as u64 };
    written
}
