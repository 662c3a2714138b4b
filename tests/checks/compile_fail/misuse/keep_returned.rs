// An IRP that comes back up is lent to who watches it: it goes on to the drivers above.

use wdm::{Control, Irp, NtStatus, Returned};

/// It is complete, and would be completed again.
pub fn end<D>(irp: &Irp<D, Returned<Control>>) {
    irp.complete(NtStatus::SUCCESS); //~ ERROR E0599
}
