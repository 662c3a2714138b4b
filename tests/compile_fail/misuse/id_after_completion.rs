// With its end a request loses its id: the slot may be another's.

use core::pin::Pin;

use wdm::{NtStatus, RequestQueues};

/// Asks too late.
pub fn answer(queues: Pin<&RequestQueues>) -> u64 {
    queues.take_oldest().map_or(0, |request| {
        request.complete(NtStatus::SUCCESS);
        request.id() //~ ERROR E0382
    })
}
