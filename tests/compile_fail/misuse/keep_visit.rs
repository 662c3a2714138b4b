// What keeps the queues for a thread that has queued an IRP is no longer there than they are.

use core::pin::pin;

use wdm::trace::DeviceEvents;
use wdm::{Control, Irp, Pended, RequestQueues, Unpended};

/// The queues are gone at the end of this.
pub fn keep(irp: Irp<Control>, events: DeviceEvents) -> Result<Pended<'static>, Unpended> {
    let queues = pin!(RequestQueues::new(events));
    queues.as_ref().pend(irp, 0, 0) //~ ERROR E0515
}
