// A dispatch routine that neither answers nor queues has nothing to return.

use wdm::{Control, Dispatched, Irp};

/// The IRP would hang for ever.
pub fn device_control(_irp: Irp<Control>) -> Dispatched { //~ ERROR E0308
}
