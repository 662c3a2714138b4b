// Two IRPs of others in hand at once, to be swapped. A call has one at a time.

use core::pin::Pin;

use wdm::csq::{Discipline, Queue};
use wdm::{Call, NtStatus};

/// The second while there is the first.
pub fn both<Q: Discipline>(queue: Pin<&Queue<Q>>, call: &mut Call, wanted: &mut Q::Peek<'_>) {
    let first = queue.remove(call, wanted);
    let second = queue.remove(call, wanted); //~ ERROR E0499
    for (irp, _) in [second, first].into_iter().flatten() {
        irp.complete(NtStatus::SUCCESS);
    }
}
