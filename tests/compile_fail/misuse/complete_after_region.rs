// As `remove_without_region.rs`: the region lasts until the IRP is complete.

use core::pin::Pin;

use wdm::csq::{Discipline, Queue};
use wdm::{Call, NtStatus};

/// Between the two lines the thread can be suspended.
pub fn answer<Q: Discipline>(queue: Pin<&Queue<Q>>, call: &mut Call, wanted: &mut Q::Peek<'_>) {
    let mut region = call.critical_region();
    let removed = queue.remove(&mut region, wanted);
    drop(region); //~ ERROR E0505
    if let Some((irp, _)) = removed {
        irp.complete(NtStatus::SUCCESS);
    }
}
