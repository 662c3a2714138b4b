// Hole: an IRP in the queue of another device, which goes away before it. A queue is found through the IRP's device.

use core::pin::Pin;

use wdm::csq::{Discipline, Domain, Outcome, Queue};
use wdm::{Call, Control, Device, Irp};

/// Nothing keeps the other device but this call.
pub fn keep<D, Q>(
    irp: Irp<D, Control>,
    call: &mut Call,
    other: Pin<&Queue<Q>>,
    context: &mut Q::Insert<'_>,
) -> Outcome<Q>
where
    D: Device,
    Q: Discipline,
    Q::Domain: Domain<Device = D, Kind = Control>,
{
    irp.insert(call, |_| other, None, context) //~ ERROR an error without a code
}
