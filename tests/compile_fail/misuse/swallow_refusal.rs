// A refused IRP that is not completed leaves the dispatch routine without an answer.

use wdm::{Dispatched, Entry, Irp, Received};

/// The IRP is in the error, and nobody looks.
pub fn device_control(entry: &Entry<'_>, irp: Irp<Received>) -> Dispatched {
    match entry.pend(irp, 0, 0) {
        Ok(pended) => pended.dispatched,
        Err(_) => (), //~ ERROR E0308
    }
}
