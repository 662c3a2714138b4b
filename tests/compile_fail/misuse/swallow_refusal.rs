// A refused IRP that is not completed leaves the dispatch routine without an answer.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Dispatched, Irp, Received};

/// The IRP is in the error, and nobody looks.
pub fn device_control(queue: Pin<&CancelSafeQueue>, irp: Irp<Received>) -> Dispatched {
    match queue.insert(irp) {
        Ok(dispatched) => dispatched,
        Err(_) => (), //~ ERROR E0308
    }
}
