//! Completion ports.
// UNSAFETY: calls of the Windows completion port functions.
#![expect(
    unsafe_code,
    reason = "wraps CreateIoCompletionPort and GetQueuedCompletionStatus"
)]

use super::handle::Handle;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::time::Duration;
use windows_sys::Win32::Foundation::{INVALID_HANDLE_VALUE, TRUE};
use windows_sys::Win32::System::IO::{
    CreateIoCompletionPort, GetQueuedCompletionStatus, OVERLAPPED,
};

/// A completion port.
#[derive(Debug)]
pub struct Port(OwnedHandle);

/// What came out of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The address of the request's `OVERLAPPED`: [`super::Request::overlapped`].
    pub overlapped: usize,
    /// 0 if the request succeeded, and else the Win32 error.
    pub error: u32,
    /// How many bytes it returned.
    pub information: u32,
}

impl Port {
    /// A new port with a handle bound to it, which then stays so.
    ///
    /// # Errors
    /// Windows is out of something, or the handle is bound already.
    pub fn with(handle: &Handle) -> io::Result<Self> {
        // SAFETY: no file and no port; a new port is made.
        let port = unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, ptr::null_mut(), 0, 1) };
        if port.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle has just been made, and nobody else knows it.
        let port = unsafe { OwnedHandle::from_raw_handle(port) };
        // SAFETY: both handles are open until the call returns.
        let bound = unsafe { CreateIoCompletionPort(handle.raw(), port.as_raw_handle(), 0, 0) };
        if bound.is_null() {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(port))
    }

    /// Takes the next packet, and waits for one no longer than a time. `None` if there is none.
    ///
    /// A request that failed has a packet, too: FALSE, its error, and its `OVERLAPPED`. Without that, there
    /// is no packet.
    #[must_use]
    pub fn next(&self, limit: Duration) -> Option<Packet> {
        let limit = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX - 1);
        let (mut information, mut key) = (0, 0);
        let mut overlapped: *mut OVERLAPPED = ptr::null_mut();
        // SAFETY: the port is open, and the pointers are to variables.
        let done = unsafe {
            GetQueuedCompletionStatus(
                self.0.as_raw_handle(),
                &raw mut information,
                &raw mut key,
                &raw mut overlapped,
                limit,
            )
        };
        let error = io::Error::last_os_error();
        if overlapped.is_null() {
            return None;
        }
        Some(Packet {
            overlapped: overlapped.addr(),
            error: if done == TRUE {
                0
            } else {
                error.raw_os_error().map_or(0, i32::cast_unsigned)
            },
            information,
        })
    }
}
