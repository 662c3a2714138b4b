// Somebody else's IRP in the hands of a thread that can be suspended: nobody could cancel it (INV-56, TR-28).

use core::pin::Pin;

use wdm::Call;
use wdm::csq::{Discipline, Queue};

/// At `PASSIVE_LEVEL`, as most of the time.
pub fn skip<Q: Discipline>(queue: Pin<&Queue<Q>>, call: &mut Call, wanted: &mut Q::Peek<'_>) -> bool {
    queue.remove(call, wanted).is_some() //~ ERROR E0308
}
