// Queues that may still move take nothing.

use wdm::trace::DeviceEvents;
use wdm::{NtStatus, RequestQueues};

/// The kernel would keep the address of a local variable.
pub fn new(events: DeviceEvents) -> Result<RequestQueues, NtStatus> {
    let queues = RequestQueues::new(events);
    queues.register()?; //~ ERROR E0599
    Ok(queues)
}
