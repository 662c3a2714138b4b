// An IRP that was removed must be completed (TR-07).

use core::pin::Pin;

use wdm::Call;
use wdm::csq::{Discipline, Queue};

/// Takes one out and drops it.
pub fn skip_one<Q: Discipline>(
    queue: Pin<&Queue<Q>>,
    call: &mut Call,
    wanted: &mut Q::Peek<'_>,
) {
    queue.remove(call, wanted); //~ ERROR unused_must_use
}
