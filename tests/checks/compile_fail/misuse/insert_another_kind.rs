// A read in a queue of device control requests: who removes it would look for its input.

use core::pin::Pin;

use wdm::csq::{Discipline, Domain, Outcome, Queue};
use wdm::{Call, Control, Device, Irp, Read};

/// The IRP is of the right device.
pub fn keep<D: Device, Q: Discipline>(
    irp: Irp<D, Read>,
    call: &mut Call,
    queue: fn(Pin<&D>) -> Pin<&Queue<Q>>,
    context: &mut Q::Insert<'_>,
) -> Outcome<Q>
where
    Q::Domain: Domain<Device = D, Kind = Control>,
{
    irp.insert(call, queue, None, context) //~ ERROR E0271
}
