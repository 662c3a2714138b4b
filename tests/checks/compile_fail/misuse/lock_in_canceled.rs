// A lock taken where one may be held: `Discipline::canceled` may run with the queue's lock held (INV-50, TR-10). It is
// given no `Call`, and none can be made.

use core::pin::Pin;

use wdm::csq::{Domain, Lock};
use wdm::{Call, Dequeued, Irp, NtStatus};

/// Counts, as if no lock were held.
pub fn canceled<G: Domain>(irp: Irp<G::Device, Dequeued<'_>>, lock: Pin<&Lock<G>>) {
    lock.hold(|_| ()); //~ ERROR E0061
    irp.complete(NtStatus::CANCELLED);
}

/// Would do for it.
pub const fn forge() -> Call {
    Call(core::marker::PhantomData) //~ ERROR E0423
}
