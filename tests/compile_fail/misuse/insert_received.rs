// What a server is to answer has a buffer for the answer: other requests are not queued.

use core::pin::Pin;

use wdm::{Irp, Pended, Received, RequestQueues, Unpended};

/// A request to start the device, say, would wait for a server.
pub fn keep(queues: Pin<&RequestQueues>, irp: Irp<Received>) -> Result<Pended<'_>, Unpended> {
    queues.pend(irp, 7, 0) //~ ERROR E0308
}
