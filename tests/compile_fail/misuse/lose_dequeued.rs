// An IRP that was taken out of the queue must be completed.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Ending, Peek};

/// Takes one out and drops it.
pub fn skip_one(queue: Pin<&CancelSafeQueue>) {
    queue.remove_next(Peek::Any, Ending::Completed); //~ ERROR unused_must_use
}
