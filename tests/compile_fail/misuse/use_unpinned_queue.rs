// A queue that may still move takes nothing.

use wdm::{CancelSafeQueue, NtStatus};

/// The kernel would keep the address of a local variable.
pub fn new() -> Result<CancelSafeQueue, NtStatus> {
    let queue = CancelSafeQueue::new();
    queue.register()?; //~ ERROR E0599
    Ok(queue)
}
