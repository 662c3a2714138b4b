// Cleanup ends what a handle has in the queues, and gives back what it has claimed.

use core::pin::Pin;

use wdm::{FileContext, RequestQueues};

/// Nothing of the handle is left in the queues afterwards.
pub fn cleanup(queues: Pin<&RequestQueues>, file: &FileContext) {
    if let Some(visit) = queues.visit() {
        visit.close_handle(file);
        visit.give_back_claimed(file);
    }
}
