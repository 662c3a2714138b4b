// An IRP that was inserted may be canceled, completed and gone before `insert` returns (INV-11, TR-01, TR-13).

use core::pin::Pin;

use wdm::csq::{Discipline, Domain, Outcome, Queue};
use wdm::{Call, Control, Device, Irp};

/// Reads from an IRP that it no longer owns.
pub fn keep<D, Q>(
    irp: Irp<D, Control>,
    call: &mut Call,
    queue: fn(Pin<&D>) -> Pin<&Queue<Q>>,
    context: &mut Q::Insert<'_>,
) -> (Outcome<Q>, u32)
where
    D: Device,
    Q: Discipline,
    Q::Domain: Domain<Device = D, Kind = Control>,
{
    let outcome = irp.insert(call, queue, None, context);
    (outcome, irp.code()) //~ ERROR E0382
}
