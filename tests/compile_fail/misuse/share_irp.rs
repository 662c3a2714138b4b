// An IRP is not used by two threads at once.

use wdm::{Dequeued, Irp};

fn shared<T: Sync>() {}

/// As `use/between_threads.rs`, with what is not allowed.
pub fn check() {
    shared::<Irp<Dequeued>>(); //~ ERROR E0277
}
