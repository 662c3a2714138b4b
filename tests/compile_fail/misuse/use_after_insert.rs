// An IRP that was inserted may be canceled, completed and gone before `pend` returns.

use wdm::{Entry, Irp, Pended, Received};

/// Reads from an IRP that it no longer owns.
pub fn device_control(entry: &Entry<'_>, irp: Irp<Received>) -> Result<Pended, Irp<Received>> {
    let inserted = entry.pend(irp, 0, 0);
    let _ = irp.stack(); //~ ERROR E0382
    inserted
}
