//! Event objects.
// UNSAFETY: calls of the Windows event functions.
#![expect(
    unsafe_code,
    reason = "wraps CreateEventW, SetEvent and the wait functions"
)]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::time::Duration;
use windows_sys::Win32::Foundation::{FALSE, HANDLE, TRUE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, SetEvent, WaitForMultipleObjects, WaitForSingleObject,
};

/// An event that stays set once it is.
#[derive(Debug)]
pub struct Event(OwnedHandle);

impl Event {
    /// A new event, not set.
    ///
    /// # Errors
    /// Windows is out of something.
    pub fn new() -> io::Result<Self> {
        // SAFETY: both pointers may be null: no attributes, no name.
        let handle = unsafe { CreateEventW(ptr::null(), TRUE, FALSE, ptr::null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle has just been made, and nobody else knows it.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    /// Sets the event.
    pub fn set(&self) {
        // SAFETY: the handle is open as long as `self` lives.
        let done = unsafe { SetEvent(self.raw()) };
        // It can only fail for a handle that is not an event's.
        debug_assert_ne!(done, FALSE);
    }

    /// Whether the event is set within a time, or ever.
    #[must_use]
    pub fn wait(&self, limit: Option<Duration>) -> bool {
        // SAFETY: the handle is open as long as `self` lives.
        let result = unsafe { WaitForSingleObject(self.raw(), milliseconds(limit)) };
        result == WAIT_OBJECT_0
    }

    /// The handle, to be used only as long as `self` lives.
    pub(super) fn raw(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}

/// Which of some events is the first that is set within a time, or ever.
///
/// # Panics
/// If there are more than 64 events.
#[must_use]
pub fn wait_any(events: &[&Event], limit: Option<Duration>) -> Option<usize> {
    let handles: Vec<HANDLE> = events.iter().map(|event| event.raw()).collect();
    assert!(
        handles.len() <= 64,
        "Windows waits for no more than 64 objects"
    );
    let count = u32::try_from(handles.len()).unwrap_or(0);
    // SAFETY: the array has `count` handles, and their events are borrowed until it returns.
    let result =
        unsafe { WaitForMultipleObjects(count, handles.as_ptr(), FALSE, milliseconds(limit)) };
    let index = result.wrapping_sub(WAIT_OBJECT_0) as usize;
    (index < handles.len()).then_some(index)
}

/// A time limit as the wait functions take it.
fn milliseconds(limit: Option<Duration>) -> u32 {
    limit.map_or(INFINITE, |limit| {
        u32::try_from(limit.as_millis())
            .unwrap_or(INFINITE - 1)
            .min(INFINITE - 1)
    })
}
