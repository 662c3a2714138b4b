// The permission to insert is no longer than the queues.

use core::pin::pin;

use wdm::trace::DeviceEvents;
use wdm::{Entry, Irp, Received, Refusal, RequestQueues};

/// The queues are gone at the end of this.
pub fn keep(irp: &Irp<Received>, events: DeviceEvents) -> Result<Entry<'static>, Refusal> {
    let queues = pin!(RequestQueues::new(events));
    queues.as_ref().enter(irp) //~ ERROR E0515
}
