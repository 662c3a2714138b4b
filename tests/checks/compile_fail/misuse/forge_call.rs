// A call of one's own, which would be no critical region: nobody could cancel the IRP that a suspended thread has (TR-28).

use core::marker::PhantomData;
use core::pin::Pin;

use wdm::Call;
use wdm::csq::{Discipline, Queue};

/// In a thread that can be suspended, or that holds a lock.
pub fn skip<Q: Discipline>(queue: Pin<&Queue<Q>>, wanted: &mut Q::Peek<'_>) -> bool {
    let mut call = Call { is_region: true, thread: PhantomData }; //~ ERROR E0451
    queue.remove(&mut call, wanted).is_some()
}
