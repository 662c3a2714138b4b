// An IRP passed down with a lock held: the driver below may complete it, and take its time.

use core::pin::Pin;

use wdm::csq::{Domain, Lock};
use wdm::{Call, Dispatched, Irp, Received};

/// And at `DISPATCH_LEVEL`.
pub fn power<D, G: Domain>(irp: Irp<D, Received>, call: &mut Call, lock: Pin<&Lock<G>>) -> Dispatched {
    lock.hold(call, |_| irp.pass_down(call)) //~ ERROR E0500, E0501
}
