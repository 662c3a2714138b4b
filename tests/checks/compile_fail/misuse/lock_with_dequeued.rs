// A lock taken with somebody else's IRP in hand: it would be completed with the lock held, were it dropped there.

use core::pin::Pin;

use wdm::csq::{Discipline, Lock, Queue};
use wdm::{Call, NtStatus};

/// The lock first, then the IRP.
pub fn answer<Q: Discipline>(
    queue: Pin<&Queue<Q>>,
    lock: Pin<&Lock<Q::Domain>>,
    call: &mut Call,
    wanted: &mut Q::Peek<'_>,
) {
    if let Some((irp, _)) = queue.remove(call, wanted) {
        lock.hold(call, |_| irp.complete(NtStatus::SUCCESS)); //~ ERROR E0499
    }
}
