// IRPs of others are removed and completed, and the lock is held between two of them.

use core::pin::Pin;

use wdm::csq::{Discipline, Lock, Queue};
use wdm::{Call, NtStatus};

/// Ends all that `wanted` finds, and counts them.
pub fn purge<Q: Discipline>(
    queue: Pin<&Queue<Q>>,
    lock: Pin<&Lock<Q::Domain>>,
    call: &mut Call,
    wanted: &mut Q::Peek<'_>,
) -> u32 {
    let mut count = 0;
    loop {
        let Some((irp, _)) = queue.remove(call, wanted) else {
            break;
        };
        irp.complete(NtStatus::CANCELLED);
        lock.hold(call, |_| count += 1);
    }
    lock.hold(call, |held| held.slot_count().min(count))
}
