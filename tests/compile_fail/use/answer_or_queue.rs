// A dispatch routine answers a request or queues it, and returns the proof of the one or the other.

use core::pin::Pin;

use wdm::{Control, Dispatched, Irp, NtStatus, RequestQueues};

/// Every path ends the IRP or hands it over.
pub fn device_control(queues: Pin<&RequestQueues>, irp: Irp<Control>) -> Dispatched {
    if irp.stack().file().is_none() {
        return irp.complete(NtStatus::INVALID_DEVICE_REQUEST);
    }
    match queues.pend(irp, 7, 0) {
        Ok(pended) => pended.dispatched,
        Err(refused) => refused.irp.complete(NtStatus::INSUFFICIENT_RESOURCES),
    }
}
