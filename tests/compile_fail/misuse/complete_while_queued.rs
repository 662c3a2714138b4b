// There is no IRP to complete while the queue has it; only removal yields one.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Dispatched, Irp, NtStatus, Received};

/// Queues and completes.
pub fn device_control(queue: Pin<&CancelSafeQueue>, irp: Irp<Received>) -> Dispatched {
    let _ = queue.insert(irp);
    irp.complete(NtStatus::SUCCESS) //~ ERROR E0382
}
