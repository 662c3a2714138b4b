// A request is moved to a server, or comes back and goes where it was.

use core::pin::Pin;

use wdm::{FileContext, RequestQueues, Unclaimed};

/// Whatever happens, some queue has it, or it has ended.
pub fn claim(queues: Pin<&RequestQueues>, server: &FileContext) -> Option<u64> {
    let request = queues.take_pending()?;
    let id = request.id();
    match request.claim(server) {
        Ok(()) => Some(id),
        Err(Unclaimed(request)) => {
            request.give_back();
            None
        }
    }
}
