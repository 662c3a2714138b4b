//! One device control request, and the memory that the kernel uses as long as it is pending.
//!
//! ```text
//!             1               2
//! (nothing) ────► in flight ────► ended ────► memory freed
//!     │                               ▲    3
//!     └───────────────────────────────┘ 4
//!
//! 1  Request::submit: the driver pended it        3  Request is dropped, or the answer is taken
//! 2  the kernel writes the status, sets the event 4  Request::submit: it ended at once
//! ```
//!
//! # Invariants
//! While a request is in flight the kernel may write to its [`Block`] at any time. So a block has
//! a fixed address, everything in it that the kernel writes is atomic, and it is freed only when
//! the request is known to have ended. If that cannot be known it is never freed.
// UNSAFETY: hands the addresses inside a block to the kernel.
#![expect(
    unsafe_code,
    reason = "calls NtDeviceIoControlFile, DeviceIoControl and CancelIoEx"
)]

use super::event::Event;
use crate::answer::Answer;
use csq_protocol::status;
use std::io;
use std::mem::ManuallyDrop;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};
use windows_sys::Wdk::System::IO::NtDeviceIoControlFile;
use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_NOT_FOUND, HANDLE, TRUE};
use windows_sys::Win32::System::IO::{CancelIoEx, DeviceIoControl, OVERLAPPED};

/// How long dropping a request waits for its end before it gives its memory up for lost.
const DROP_LIMIT: Duration = Duration::from_secs(20);
/// How long the status may lag behind the event. On Windows it never does; under Wine the event is
/// set after the thread that made the request has written the status, or instead if it is gone.
const LAG_LIMIT: Duration = Duration::from_millis(200);

/// What the kernel knows as `IO_STATUS_BLOCK` and Win32 as `OVERLAPPED`.
#[repr(C)]
#[derive(Debug)]
struct StatusBlock {
    status: AtomicUsize,
    information: AtomicUsize,
    offset: u64,
    event: usize,
}
const _: () = assert!(size_of::<StatusBlock>() == size_of::<OVERLAPPED>());
const _: () = assert!(align_of::<StatusBlock>() == align_of::<OVERLAPPED>());

/// All memory the kernel uses for one request.
#[derive(Debug)]
struct Block {
    status: StatusBlock,
    event: Event,
    input: Vec<u8>,
    output: Vec<AtomicU8>,
}

impl Block {
    fn new(input: Vec<u8>, output: Vec<u8>) -> io::Result<Self> {
        let event = Event::new()?;
        Ok(Self {
            status: StatusBlock {
                status: AtomicUsize::new(status::PENDING as usize),
                information: AtomicUsize::new(0),
                offset: 0,
                event: event.raw().addr(),
            },
            event,
            input,
            output: output.into_iter().map(AtomicU8::new).collect(),
        })
    }

    /// The final status, once there is one.
    fn status(&self) -> Option<u32> {
        // An NTSTATUS has 32 bits, whatever the width of the field.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the upper half means nothing"
        )]
        let now = self.status.status.load(Ordering::Acquire) as u32;
        (now != status::PENDING).then_some(now)
    }

    fn answer(&self, status: u32) -> Answer {
        // An error returns nothing, and some of them do not even write the field.
        let is_error = status::is_error(status);
        let information = self.status.information.load(Ordering::Acquire);
        Answer {
            status,
            information: if is_error { 0 } else { information },
            output: self
                .output
                .iter()
                .map(|byte| byte.load(Ordering::Relaxed))
                .collect(),
        }
    }
}

/// What came of waiting for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It ended like this.
    Ended(Answer),
    /// It ended, but its status was never written. Wine loses it now and then when the thread that
    /// made the request is gone; Windows does not.
    Untold,
    /// It has not ended yet.
    TimedOut,
}

/// What came of a request with an `OVERLAPPED`.
#[derive(Debug)]
pub struct Begun {
    /// 0 if `DeviceIoControl` returned TRUE, and else its Win32 error. A packet follows for 0 and for
    /// `ERROR_IO_PENDING`; see [`crate::ntstatus`].
    pub error: u32,
    /// The request, whether it has ended or not. A packet names its `OVERLAPPED`, so it is to be kept
    /// until that has come.
    pub request: Request,
}

/// What came of submitting a request.
#[derive(Debug)]
pub enum Submitted {
    /// It is in flight.
    Pending(Request),
    /// It has ended already.
    Ended(Answer),
}

/// A request in flight.
///
/// It does not keep its handle open: closing the handle makes the driver end the request. Dropping
/// the request cancels it if need be and waits until it has ended.
#[derive(Debug)]
pub struct Request {
    file: Weak<OwnedHandle>,
    block: ManuallyDrop<Arc<Block>>,
    /// Set when [`Waited::Untold`] is known, so that nobody waits for it again.
    untold: AtomicBool,
}

impl Request {
    /// Sends a request to a driver. `output` is what the output buffer holds before.
    ///
    /// On a handle for synchronous I/O this returns when the request has ended.
    pub(super) fn submit(
        file: &Arc<OwnedHandle>,
        code: u32,
        input: Vec<u8>,
        output: Vec<u8>,
    ) -> io::Result<Submitted> {
        // The kernel holds a share of the block until the request has ended.
        let block = ManuallyDrop::new(Arc::new(Block::new(input, output)?));
        let status = control(file.as_raw_handle(), code, &block);
        let request = Self {
            file: Arc::downgrade(file),
            block,
            untold: AtomicBool::new(false),
        };
        if status == status::PENDING {
            return Ok(Submitted::Pending(request));
        }
        // Not for errors, but for the others the kernel has done so already.
        request
            .block
            .status
            .status
            .store(status as usize, Ordering::Release);
        Ok(Submitted::Ended(request.block.answer(status)))
    }

    /// Sends a request to a driver as most programs do, by `DeviceIoControl` with an `OVERLAPPED`.
    pub(super) fn begin(
        file: &Arc<OwnedHandle>,
        code: u32,
        input: Vec<u8>,
        output: Vec<u8>,
    ) -> io::Result<Begun> {
        /// `STATUS_UNSUCCESSFUL`, where only the Win32 error is known.
        const UNSUCCESSFUL: usize = 0xc000_0001;
        let block = ManuallyDrop::new(Arc::new(Block::new(input, output)?));
        let error = control_win32(file.as_raw_handle(), code, &block);
        if !matches!(error, 0 | ERROR_IO_PENDING) && block.status().is_none() {
            // It ended at once, in an error, of which the kernel writes nothing here.
            block.status.status.store(UNSUCCESSFUL, Ordering::Release);
        }
        let request = Self {
            file: Arc::downgrade(file),
            block,
            untold: AtomicBool::new(false),
        };
        Ok(Begun { error, request })
    }

    /// The address of the request's `OVERLAPPED`, by which a completion packet says whose it is.
    #[must_use]
    pub fn overlapped(&self) -> usize {
        (&raw const self.block.status).addr()
    }

    /// Waits until the request has ended, or for as long as `limit`.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> Waited {
        if let Some(status) = self.block.status() {
            return Waited::Ended(self.block.answer(status));
        }
        if self.untold.load(Ordering::Relaxed) {
            return Waited::Untold;
        }
        if !self.block.event.wait(Some(limit)) {
            return Waited::TimedOut;
        }
        let since = Instant::now();
        loop {
            match self.block.status() {
                Some(status) => return Waited::Ended(self.block.answer(status)),
                None if since.elapsed() > LAG_LIMIT => {
                    self.untold.store(true, Ordering::Relaxed);
                    return Waited::Untold;
                }
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// The answer if the request has ended.
    #[must_use]
    pub fn poll(&self) -> Option<Answer> {
        self.block.status().map(|status| self.block.answer(status))
    }

    /// The event that is set when the request ends.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.block.event
    }

    /// `CancelIoEx`. False if there was nothing to cancel: the request has ended, or its handle
    /// has been closed. The end comes later; wait for it.
    ///
    /// # Errors
    /// Windows refused.
    pub fn cancel(&self) -> io::Result<bool> {
        let Some(file) = self.file.upgrade() else {
            return Ok(false);
        };
        let overlapped = (&raw const self.block.status).cast::<OVERLAPPED>();
        cancel(file.as_raw_handle(), overlapped)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.block.status().is_none() {
            // If it cannot be canceled it has ended, or ends because its handle is closed.
            let _ = self.cancel();
        }
        if let Waited::Ended(_) = self.wait(DROP_LIMIT) {
            // SAFETY: the field is not used after this. By the invariant of the module the kernel
            // has let go of the block. In every other case its memory is given up for lost.
            unsafe { ManuallyDrop::drop(&mut self.block) };
        }
    }
}

impl Block {
    /// Where the input is, and how long.
    fn input(&self) -> (*const u8, u32) {
        let length = u32::try_from(self.input.len()).unwrap_or(u32::MAX);
        let start = match length {
            0 => ptr::null(),
            _ => self.input.as_ptr(),
        };
        (start, length)
    }

    /// Where the output goes, and how long it may be.
    fn output(&self) -> (*const AtomicU8, u32) {
        let length = u32::try_from(self.output.len()).unwrap_or(u32::MAX);
        let start = match length {
            0 => ptr::null(),
            _ => self.output.as_ptr(),
        };
        (start, length)
    }
}

/// Starts a request whose memory is `block`, with an `OVERLAPPED`. Returns 0 or the Win32 error.
fn control_win32(file: HANDLE, code: u32, block: &Arc<Block>) -> u32 {
    let ((input, input_length), (output, output_length)) = (block.input(), block.output());
    // SAFETY: the handle is borrowed from an open file. All pointers are to the block, which stays
    // where it is and is freed only when the request has ended, with the lengths of its buffers;
    // what the kernel writes to is atomic. The block's status is as an OVERLAPPED is laid out, and
    // its event is the block's.
    let done = unsafe {
        DeviceIoControl(
            file,
            code,
            input.cast(),
            input_length,
            output.cast_mut().cast(),
            output_length,
            ptr::null_mut(),
            (&raw const block.status).cast_mut().cast(),
        )
    };
    let error = io::Error::last_os_error();
    if done == TRUE {
        return 0;
    }
    error.raw_os_error().map_or(0, i32::cast_unsigned)
}

/// Starts a request whose memory is `block`. Returns the driver's status.
fn control(file: HANDLE, code: u32, block: &Arc<Block>) -> u32 {
    let ((input, input_length), (output, output_length)) = (block.input(), block.output());
    // SAFETY: the handle is borrowed from an open file. All pointers are to the block, which stays
    // where it is and is freed only when the request has ended, with the lengths of its buffers;
    // what the kernel writes to is atomic.
    let status = unsafe {
        NtDeviceIoControlFile(
            file,
            block.event.raw(),
            None,
            ptr::null(),
            (&raw const block.status).cast_mut().cast(),
            code,
            input.cast(),
            input_length,
            output.cast_mut().cast(),
            output_length,
        )
    };
    status.cast_unsigned()
}

/// `CancelIoEx` for one request of a file, or for all of them. False if there was none.
pub(super) fn cancel(file: HANDLE, overlapped: *const OVERLAPPED) -> io::Result<bool> {
    // SAFETY: the handle is borrowed from an open file. The other argument is compared with those
    // of the requests in flight, and not dereferenced.
    if unsafe { CancelIoEx(file, overlapped) } == TRUE {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(ERROR_NOT_FOUND.cast_signed()) {
        Ok(false)
    } else {
        Err(error)
    }
}
