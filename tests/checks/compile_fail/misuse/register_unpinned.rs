// Hole: a queue registered twice, or where it may still move. It is pinned, and takes a shared device: whether it is
// registered already is checked once for all threads (INV-04).

use wdm::csq::{Discipline, Domain, Lock, Queue};

/// The kernel would keep the address of a local variable.
pub fn new<Q: Discipline>(device: &<Q::Domain as Domain>::Device, lock: &Lock<Q::Domain>) -> Queue<Q> {
    let queue = Queue::<Q>::new();
    let _ = queue.register(device, lock); //~ ERROR E0599
    queue
}
