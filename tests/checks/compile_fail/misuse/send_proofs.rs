// Hole: the proofs of two threads swapped. None leaves its thread, and neither does an IRP.

use wdm::{Call, Control, Dequeued, Dispatched, Irp};

fn sent<T: Send>() {}

/// What one thread has done says nothing of another's IRP and locks.
pub fn check<D>() {
    sent::<Dispatched>(); //~ ERROR E0277
    sent::<Call>(); //~ ERROR E0277
    sent::<&mut Call>(); //~ ERROR E0277
    sent::<Irp<D, Control>>(); //~ ERROR E0277
    sent::<Irp<D, Dequeued<'static>>>(); //~ ERROR E0277
}
