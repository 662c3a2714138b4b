// A dispatch routine answers a request or queues it, and returns the proof of the one or the other.

use core::pin::Pin;

use wdm::csq::{Discipline, Domain, Outcome, Queue};
use wdm::{Call, Control, Device, Dispatched, Irp, NtStatus};

/// Every path ends the IRP or hands it over.
pub fn device_control<D, Q>(
    irp: Irp<D, Control>,
    call: &mut Call,
    queue: fn(Pin<&D>) -> Pin<&Queue<Q>>,
    context: &mut Q::Insert<'_>,
) -> Dispatched
where
    D: Device,
    Q: Discipline,
    Q::Domain: Domain<Device = D, Kind = Control>,
{
    if let Some(status) = irp.refusal() {
        return irp.complete(call, status);
    }
    match irp.insert(call, queue, Some(1000), context) {
        Outcome::Pended(dispatched) => dispatched,
        Outcome::Rejected(irp, status) => irp.complete(call, status),
        Outcome::Refused(irp, _) => irp.complete(call, NtStatus::CANCELLED),
    }
}
