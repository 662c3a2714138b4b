//! Handles: open, cleanup and close.

use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};

use wdm::{FileContext, NtStatus, PoolBox};

use crate::device::Csq;
use crate::requests;

/// How many handles of the device are open.
pub struct Handles(AtomicU64);

impl Handles {
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// `IRP_MJ_CREATE`: a device that is not started, or no longer, opens no handles.
///
/// # Errors
///
/// See [`crate::pnp::Lifecycle::refusal`]; `STATUS_INSUFFICIENT_RESOURCES` when there is no memory.
pub fn create(device: Pin<&Csq>) -> Result<PoolBox<FileContext>, NtStatus> {
    if let Some(refusal) = device.lifecycle.refusal() {
        return Err(refusal);
    }
    let file = FileContext::try_new(device.requests())?;
    device.handles.0.fetch_add(1, Ordering::Relaxed);
    Ok(file)
}

/// `IRP_MJ_CLEANUP`: the last handle of a file object is closed. Ends its requests and claims, and
/// nobody else's (INV-60); what it has claimed goes back to the pending requests.
pub fn cleanup(device: Pin<&Csq>, file: &FileContext) {
    requests::close_handle(device, file);
    device.handles.0.fetch_sub(1, Ordering::Relaxed);
}

/// `IRP_MJ_CLOSE`: the last request of a file object is over.
pub fn close(_device: Pin<&Csq>, file: PoolBox<FileContext>) {
    drop(file);
}
