// Cleanup takes out what a handle has in the queue, and ends it.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Ending, FileContext, NtStatus, Peek};

/// Nothing of the handle is left in the queue afterwards.
pub fn cleanup(queue: Pin<&CancelSafeQueue>, file: &FileContext) {
    while let Some(irp) = queue.remove_next(Peek::File(file), Ending::Flushed) {
        irp.complete(NtStatus::CANCELLED);
    }
}
