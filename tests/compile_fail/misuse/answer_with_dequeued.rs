// Completing an IRP of an earlier call is no answer to this one.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Dispatched, Ending, Irp, NtStatus, Peek, Received};

/// The IRP of this call is forgotten.
pub fn device_control(queue: Pin<&CancelSafeQueue>, irp: Irp<Received>) -> Dispatched {
    match queue.remove_next(Peek::Any, Ending::Completed) {
        Some(oldest) => oldest.complete(NtStatus::SUCCESS), //~ ERROR E0308
        None => irp.complete(NtStatus::SUCCESS),
    }
}
