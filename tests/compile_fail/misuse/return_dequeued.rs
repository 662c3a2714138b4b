// As `complete_after_region.rs`: an IRP is not returned out of its region.

use core::pin::Pin;

use wdm::Call;
use wdm::csq::{Discipline, Queue, Removed};

/// The region ends with the function.
pub fn take<'call, Q: Discipline>(
    queue: Pin<&Queue<Q>>,
    call: &'call mut Call,
    wanted: &mut Q::Peek<'_>,
) -> Option<Removed<'call, Q>> {
    let mut region = call.critical_region();
    queue.remove(&mut region, wanted) //~ ERROR E0515
}
