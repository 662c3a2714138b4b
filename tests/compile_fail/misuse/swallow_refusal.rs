// A refused IRP that is not completed leaves the dispatch routine without an answer.

use core::pin::Pin;

use wdm::{Control, Dispatched, Irp, RequestQueues};

/// The IRP is in the error, and nobody looks.
pub fn device_control(queues: Pin<&RequestQueues>, irp: Irp<Control>) -> Dispatched {
    match queues.pend(irp, 0, 0) {
        Ok(pended) => pended.dispatched,
        Err(_) => (), //~ ERROR E0308
    }
}
