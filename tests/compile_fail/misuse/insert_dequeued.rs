// An IRP that has been pending is not inserted as a new one: its dispatch routine has returned.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Dequeued, Dispatched, Irp, Refused};

/// It would be marked pending twice, and counted twice.
pub fn again(queue: Pin<&CancelSafeQueue>, irp: Irp<Dequeued>) -> Result<Dispatched, Refused> {
    queue.insert(irp) //~ ERROR E0308
}
