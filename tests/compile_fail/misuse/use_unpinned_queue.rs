// Queues that may still move take nothing.

use wdm::{NtStatus, RequestQueues};

/// The kernel would keep the address of a local variable.
pub fn new() -> Result<RequestQueues, NtStatus> {
    let queues = RequestQueues::new();
    queues.register()?; //~ ERROR E0599
    Ok(queues)
}
