//! Open handles to the device.
// UNSAFETY: calls CancelIo.
#![expect(unsafe_code, reason = "wraps CancelIo")]

use super::request::{Begun, Request, Submitted, cancel};
use csq_protocol::ioctl::Rights;
use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE, HANDLE, TRUE};
use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_OVERLAPPED, FILE_READ_ATTRIBUTES};
use windows_sys::Win32::System::IO::CancelIo;

/// What happens to a thread whose request pends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It goes on, and asks later.
    Overlapped,
    /// It is blocked until the request has ended.
    Synchronous,
}

/// An open handle. Dropping it closes it, and the driver then ends what is pending on it.
#[derive(Debug)]
pub struct Handle {
    file: Arc<OwnedHandle>,
}

impl Handle {
    /// Opens a device by its path.
    ///
    /// # Errors
    /// There is no such device, or it may not be opened with these rights.
    pub fn open(path: &Path, rights: Rights, mode: Mode) -> io::Result<Self> {
        let access = match (rights.read, rights.write) {
            (true, true) => GENERIC_READ | GENERIC_WRITE,
            (true, false) => GENERIC_READ,
            (false, true) => GENERIC_WRITE,
            (false, false) => FILE_READ_ATTRIBUTES,
        };
        let flags = match mode {
            Mode::Overlapped => FILE_FLAG_OVERLAPPED,
            Mode::Synchronous => 0,
        };
        let file = OpenOptions::new()
            .access_mode(access)
            .custom_flags(flags)
            .open(path)?;
        Ok(Self {
            file: Arc::new(file.into()),
        })
    }

    /// A second handle to the same file object.
    ///
    /// # Errors
    /// Windows refused.
    pub fn duplicate(&self) -> io::Result<Self> {
        Ok(Self {
            file: Arc::new(self.file.try_clone()?),
        })
    }

    /// Sends a request. `output` is what the output buffer holds before.
    ///
    /// # Errors
    /// There is no memory or no event for it. What the driver says is not an error here.
    pub fn submit(&self, code: u32, input: Vec<u8>, output: Vec<u8>) -> io::Result<Submitted> {
        Request::submit(&self.file, code, input, output)
    }

    /// Sends a request with an `OVERLAPPED`, of which a completion port hears that this handle is bound to.
    ///
    /// # Errors
    /// There is no memory or no event for it. What the driver says is not an error here.
    pub fn begin(&self, code: u32, input: Vec<u8>, output: Vec<u8>) -> io::Result<Begun> {
        Request::begin(&self.file, code, input, output)
    }

    /// The handle, to be used only as long as `self` lives.
    pub(super) fn raw(&self) -> HANDLE {
        self.file.as_raw_handle()
    }

    /// `CancelIoEx` for all requests of this handle. False if there were none.
    ///
    /// # Errors
    /// Windows refused.
    pub fn cancel_all(&self) -> io::Result<bool> {
        cancel(self.file.as_raw_handle(), ptr::null())
    }

    /// `CancelIo`: all requests that this thread made on this handle.
    ///
    /// # Errors
    /// Windows refused.
    pub fn cancel_thread(&self) -> io::Result<()> {
        // SAFETY: the handle is open as long as `self` lives.
        if unsafe { CancelIo(self.file.as_raw_handle()) } == TRUE {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}
