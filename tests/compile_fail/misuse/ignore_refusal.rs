// An IRP for which there is no place comes back, and must be answered.

use wdm::{Entry, Irp, Received};

/// Whether it was inserted or not.
pub fn device_control(entry: &Entry<'_>, irp: Irp<Received>) {
    entry.pend(irp, 0, 0); //~ ERROR unused_must_use
}
