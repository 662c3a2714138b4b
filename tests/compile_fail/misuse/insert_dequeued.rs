// An IRP that has been pending is not inserted as a new one: its dispatch routine has returned.

use core::pin::Pin;

use wdm::{Dequeued, Irp, Pended, RequestQueues, Unpended};

/// It would be marked pending twice, and counted twice.
pub fn again(queues: Pin<&RequestQueues>, irp: Irp<Dequeued>) -> Result<Pended<'_>, Unpended> {
    queues.pend(irp, 0, 0) //~ ERROR E0308
}
