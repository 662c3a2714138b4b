// An IRP inserted with a lock held (INV-14, TR-11).

use core::pin::Pin;

use wdm::csq::{Domain, Fifo, Lock, Own};
use wdm::{Call, Control, Device, Dispatched, Irp};

/// The insertion takes the queue's lock, and may complete the IRP.
pub fn keep<D: Device<File = Own<D, Control>>, G: Domain>(
    irp: Irp<D, Control>,
    call: &mut Call,
    lock: Pin<&Lock<G>>,
    queue: fn(Pin<&D>) -> Pin<&Fifo<D, Control>>,
) -> Dispatched {
    lock.hold(call, |_| Fifo::pend(irp, call, queue)) //~ ERROR E0500, E0501
}
