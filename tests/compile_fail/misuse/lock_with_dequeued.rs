// A lock taken with somebody else's IRP in hand: it would be completed with the lock held, were it dropped there.

use core::pin::Pin;

use wdm::csq::{Discipline, Lock, Queue};
use wdm::{CriticalRegion, NtStatus};

/// The lock first, then the IRP.
pub fn answer<Q: Discipline>(
    queue: Pin<&Queue<Q>>,
    lock: Pin<&Lock<Q::Domain>>,
    region: &mut CriticalRegion<'_>,
    wanted: &mut Q::Peek<'_>,
) {
    if let Some((irp, _)) = queue.remove(region, wanted) {
        lock.hold(region, |_| irp.complete(NtStatus::SUCCESS)); //~ ERROR E0499
    }
}
