// An IRP removed with a lock held: `IoCsqRemoveNextIrp` takes the queue's.

use core::pin::Pin;

use wdm::Call;
use wdm::csq::{Discipline, Lock, Queue};

/// The thread would wait for itself.
pub fn skip<Q: Discipline>(
    queue: Pin<&Queue<Q>>,
    lock: Pin<&Lock<Q::Domain>>,
    call: &mut Call,
    wanted: &mut Q::Peek<'_>,
) -> bool {
    lock.hold(call, |_| queue.remove(call, wanted).is_some()) //~ ERROR E0500, E0501
}
