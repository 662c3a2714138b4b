// There is no IRP to complete while a queue has it; only removal yields one.

use core::pin::Pin;

use wdm::{Control, Dispatched, Irp, NtStatus, RequestQueues};

/// Queues and completes.
pub fn device_control(queues: Pin<&RequestQueues>, irp: Irp<Control>) -> Dispatched {
    let _ = queues.pend(irp, 0, 0);
    irp.complete(NtStatus::SUCCESS) //~ ERROR E0382
}
