// Two IRPs of others in hand at once, to be swapped. A region has one at a time.

use core::pin::Pin;

use wdm::csq::{Discipline, Queue};
use wdm::{CriticalRegion, NtStatus};

/// The second while there is the first.
pub fn both<Q: Discipline>(queue: Pin<&Queue<Q>>, region: &mut CriticalRegion<'_>, wanted: &mut Q::Peek<'_>) {
    let first = queue.remove(region, wanted);
    let second = queue.remove(region, wanted); //~ ERROR E0499
    for (irp, _) in [second, first].into_iter().flatten() {
        irp.complete(NtStatus::SUCCESS);
    }
}
