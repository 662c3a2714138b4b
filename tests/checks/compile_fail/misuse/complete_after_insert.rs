// There is no IRP to complete while a queue has it; only removal yields one (TR-06).

use wdm::csq::{Fifo, Own};
use wdm::{Call, Control, Device, Dispatched, Irp, NtStatus};

/// Queues and completes.
pub fn device_control<D: Device<File = Own<D, Control>>>(
    irp: Irp<D, Control>,
    call: &mut Call,
    queue: fn(core::pin::Pin<&D>) -> core::pin::Pin<&Fifo<D, Control>>,
) -> Dispatched {
    let _ = Fifo::pend(irp, call, queue);
    irp.complete(call, NtStatus::SUCCESS) //~ ERROR E0382
}
