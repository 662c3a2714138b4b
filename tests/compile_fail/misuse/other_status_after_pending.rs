// What `insert` returned is what the dispatch routine returns: its status is not to be had.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Dispatched, Irp, NtStatus, Received, Refused};

/// Success, for an IRP that is pending.
pub fn device_control(
    queue: Pin<&CancelSafeQueue>,
    irp: Irp<Received>,
) -> Result<Dispatched, Refused> {
    queue.insert(irp).map(|_| NtStatus::SUCCESS) //~ ERROR E0308
}
