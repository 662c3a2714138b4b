// Completing an IRP of an earlier call is no answer to this one.

use core::pin::Pin;

use wdm::{Control, Dispatched, Irp, NtStatus, RequestQueues};

/// The IRP of this call is forgotten.
pub fn device_control(queues: Pin<&RequestQueues>, irp: Irp<Control>) -> Dispatched {
    match queues.take_oldest() {
        Some(oldest) => oldest.complete(NtStatus::SUCCESS), //~ ERROR E0308
        None => irp.complete(NtStatus::SUCCESS),
    }
}
