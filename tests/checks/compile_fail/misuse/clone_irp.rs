// An IRP has one owner.

use wdm::{Control, Irp};

/// Two of them would each complete it.
pub fn device_control<D>(irp: Irp<D, Control>) {
    let _ = irp.clone(); //~ ERROR E0599
}
