// Hole: as `queue_of_another_device.rs`. A queue holds the IRPs of one kind of device.

use core::pin::Pin;

use wdm::csq::{Discipline, Outcome, Queue};
use wdm::{Call, Control, Device, Irp};

/// Its callbacks would take the one device's state for the other's.
pub fn keep<D: Device, Q: Discipline>(
    irp: Irp<D, Control>,
    call: &mut Call,
    queue: fn(Pin<&D>) -> Pin<&Queue<Q>>,
    context: &mut Q::Insert<'_>,
) -> Outcome<Q> {
    irp.insert(call, queue, None, context) //~ ERROR E0271
}
