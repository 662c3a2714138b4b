// Hole: the device used after the IRP that kept it. `irp.device()` borrows the IRP, and inserting gives that up
// (INV-11, TR-01).

use core::pin::Pin;

use wdm::csq::{Discipline, Domain, Outcome, Queue};
use wdm::{Call, Control, Device, Irp};

/// The IRP may be complete, and the device removed, before the first use.
pub fn keep<D, Q>(
    irp: Irp<D, Control>,
    call: &mut Call,
    queue: fn(Pin<&D>) -> Pin<&Queue<Q>>,
    context: &mut Q::Insert<'_>,
    count: fn(&D),
) -> Outcome<Q>
where
    D: Device,
    Q: Discipline,
    Q::Domain: Domain<Device = D, Kind = Control>,
{
    let device = irp.device();
    let outcome = irp.insert(call, queue, None, context); //~ ERROR E0505
    count(&device);
    outcome
}
