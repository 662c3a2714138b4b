// A request that was taken out to be answered, and is counted so, does not go back.

use core::pin::Pin;

use wdm::RequestQueues;

/// Changes its mind.
pub fn reconsider(queues: Pin<&RequestQueues>) {
    if let Some(request) = queues.take_oldest() {
        request.give_back(); //~ ERROR E0599
    }
}
