// What `pend` returned is what the dispatch routine returns: its status is not to be had.

use wdm::{Entry, Irp, NtStatus, Pended, Received};

/// Success, for an IRP that is pending.
pub fn device_control(entry: &Entry<'_>, irp: Irp<Received>) -> Result<Pended, Irp<Received>> {
    entry.pend(irp, 0, 0).map(|_| NtStatus::SUCCESS) //~ ERROR E0308
}
