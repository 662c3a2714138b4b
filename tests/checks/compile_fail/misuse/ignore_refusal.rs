// An IRP for which there is no place comes back, and must be answered (TR-15).

use core::pin::Pin;

use wdm::csq::{Discipline, Domain, Queue};
use wdm::{Call, Control, Device, Irp};

/// Whether it was inserted or not.
pub fn keep<D, Q>(
    irp: Irp<D, Control>,
    call: &mut Call,
    queue: fn(Pin<&D>) -> Pin<&Queue<Q>>,
    context: &mut Q::Insert<'_>,
) where
    D: Device,
    Q: Discipline,
    Q::Domain: Domain<Device = D, Kind = Control>,
{
    irp.insert(call, queue, None, context); //~ ERROR unused_must_use
}
