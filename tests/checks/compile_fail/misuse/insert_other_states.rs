// Only the device control request of the call that is running is inserted.

use core::pin::Pin;

use wdm::csq::{Discipline, Queue};
use wdm::{Call, Dequeued, Device, Irp, Received, Refused};

type Find<D, Q> = fn(Pin<&D>) -> Pin<&Queue<Q>>;

/// A request to start the device, say, would wait for a server.
pub fn received<D, Q>(irp: Irp<D, Received>, call: &mut Call, queue: Find<D, Q>, context: &mut Q::Insert<'_>)
where
    D: Device,
    Q: Discipline,
{
    irp.insert(call, queue, None, context); //~ ERROR E0599
}

/// It would be marked pending twice, and counted twice.
pub fn dequeued<D, Q>(irp: Irp<D, Dequeued<'_>>, call: &mut Call, queue: Find<D, Q>, context: &mut Q::Insert<'_>)
where
    D: Device,
    Q: Discipline,
{
    irp.insert(call, queue, None, context); //~ ERROR E0599
}

/// It counts as pended already.
pub fn refused<D, Q>(irp: Irp<D, Refused>, call: &mut Call, queue: Find<D, Q>, context: &mut Q::Insert<'_>)
where
    D: Device,
    Q: Discipline,
{
    irp.insert(call, queue, None, context); //~ ERROR E0599
}
