// An IRP removed with a lock held: `IoCsqRemoveNextIrp` takes the queue's.

use core::pin::Pin;

use wdm::CriticalRegion;
use wdm::csq::{Discipline, Lock, Queue};

/// The thread would wait for itself.
pub fn skip<Q: Discipline>(
    queue: Pin<&Queue<Q>>,
    lock: Pin<&Lock<Q::Domain>>,
    region: &mut CriticalRegion<'_>,
    wanted: &mut Q::Peek<'_>,
) -> bool {
    lock.hold(region, |_| queue.remove(region, wanted).is_some()) //~ ERROR E0500
}
