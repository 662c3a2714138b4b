// An IRP that was taken out of a queue must be completed.

use core::pin::Pin;

use wdm::RequestQueues;

/// Takes one out and drops it.
pub fn skip_one(queues: Pin<&RequestQueues>) {
    queues.take_oldest(); //~ ERROR unused_must_use
}
