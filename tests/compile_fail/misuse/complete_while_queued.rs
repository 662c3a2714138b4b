// There is no IRP to complete while a queue has it; only removal yields one.

use wdm::{Dispatched, Entry, Irp, NtStatus, Received};

/// Queues and completes.
pub fn device_control(entry: &Entry<'_>, irp: Irp<Received>) -> Dispatched {
    let _ = entry.pend(irp, 0, 0);
    irp.complete(NtStatus::SUCCESS) //~ ERROR E0382
}
