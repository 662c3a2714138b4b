// An IRP that has been pending is not inserted as a new one: its dispatch routine has returned.

use wdm::{Dequeued, Entry, Irp, Pended, Received};

/// It would be marked pending twice, and counted twice.
pub fn again(entry: &Entry<'_>, irp: Irp<Dequeued>) -> Result<Pended, Irp<Received>> {
    entry.pend(irp, 0, 0) //~ ERROR E0308
}
