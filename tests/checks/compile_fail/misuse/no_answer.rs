// A dispatch routine that neither answers nor queues has nothing to return (TR-07).

use wdm::{Control, Dispatched, Irp};

/// The IRP would hang for ever.
pub fn device_control<D>(_irp: Irp<D, Control>) -> Dispatched { //~ ERROR E0308
}
