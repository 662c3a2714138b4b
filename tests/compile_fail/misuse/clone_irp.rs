// An IRP has one owner.

use wdm::{Irp, Received};

/// Two of them would each complete it.
pub fn device_control(irp: Irp<Received>) {
    let _ = irp.clone(); //~ ERROR E0599
}
