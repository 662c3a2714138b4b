//! The driver's service: loads the driver anew.
// UNSAFETY: opens a process to wait for its end.
#![expect(unsafe_code, reason = "wraps OpenProcess")]

use super::host;
use super::install::SERVICE;
use crate::Error;
use std::error;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::time::Duration;
use windows_service::service::{ServiceAccess, ServiceState};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::Foundation::{FALSE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_SYNCHRONIZE, WaitForSingleObject,
};

/// How long the process in which Wine runs drivers may take to end.
const LIMIT: Duration = Duration::from_secs(20);

/// Sees that the driver, which has no device any more, reads its parameters again before it gets
/// one.
///
/// # Errors
/// It cannot be unloaded, or not be loaded.
pub fn reload() -> Result<(), Error> {
    // Windows unloads a Plug and Play driver with its last device. Wine must be told.
    if !host::is_wine() {
        return Ok(());
    }
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)
        .map_err(failed)?;
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::START | ServiceAccess::STOP;
    let service = manager.open_service(SERVICE, access).map_err(failed)?;
    let status = service.query_status().map_err(failed)?;
    if status.current_state != ServiceState::Running {
        return Ok(());
    }
    let process = status.process_id.and_then(open);
    service.stop().map_err(failed)?;
    // A driver that is started while that process is ending crashes in it.
    if process.is_some_and(|process| !ends(&process)) {
        let what = "the end of the driver's process".to_owned();
        let seconds = LIMIT.as_secs();
        return Err(Error::TimedOut { what, seconds });
    }
    // With a device it would be loaded by the next installation. But it can be loaded before the
    // new process's Plug and Play manager is there, which crashes if there is a device by then.
    service.start::<&str>(&[]).map_err(failed)
}

/// A process, to be waited for; `None` if it has ended.
fn open(id: u32) -> Option<OwnedHandle> {
    // SAFETY: takes no pointers.
    let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, FALSE, id) };
    // SAFETY: the handle has just been made, and nobody else knows it.
    (!handle.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Whether a process ends in time.
fn ends(process: &OwnedHandle) -> bool {
    let limit = u32::try_from(LIMIT.as_millis()).unwrap_or(u32::MAX - 1);
    // SAFETY: the handle is open as long as it is borrowed.
    unsafe { WaitForSingleObject(process.as_raw_handle(), limit) == WAIT_OBJECT_0 }
}

fn failed(error: impl error::Error + Send + Sync + 'static) -> Error {
    Error::system("loading the driver anew", io::Error::other(error))
}
