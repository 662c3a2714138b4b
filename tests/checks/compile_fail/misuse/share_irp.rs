// An IRP is not used by two threads at once.

use wdm::{Dequeued, Irp, Received};

fn shared<T: Sync>() {}

/// As `send_proofs.rs`.
pub fn check<D>() {
    shared::<Irp<D, Received>>(); //~ ERROR E0277
    shared::<Irp<D, Dequeued<'static>>>(); //~ ERROR E0277
}
