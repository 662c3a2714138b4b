// An IRP has one owner.

use wdm::{Control, Irp};

/// Two of them would each complete it.
pub fn device_control(irp: Irp<Control>) {
    let _ = irp.clone(); //~ ERROR E0599
}
