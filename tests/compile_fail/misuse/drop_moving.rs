// A request that was taken from a queue to be moved must get to another.

use core::pin::Pin;

use wdm::RequestQueues;

/// It would end with an internal error.
pub fn forget(queues: Pin<&RequestQueues>) {
    queues.take_pending(); //~ ERROR unused_must_use
}
