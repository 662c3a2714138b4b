// A dispatch routine answers a request or queues it, and returns the proof of the one or the other.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Dispatched, Irp, NtStatus, Received, Refused};

/// Every path ends the IRP or hands it over.
pub fn device_control(queue: Pin<&CancelSafeQueue>, mut irp: Irp<Received>) -> Dispatched {
    if irp.stack().device_control().is_none() {
        return irp.complete(NtStatus::INVALID_DEVICE_REQUEST);
    }
    irp.set_key(7);
    match queue.insert(irp) {
        Ok(dispatched) => dispatched,
        Err(Refused::Closed(irp) | Refused::NoHandle(irp)) => {
            irp.complete(NtStatus::DELETE_PENDING)
        }
    }
}
