// A dispatch routine that neither answers nor queues has nothing to return.

use wdm::{Dispatched, Irp, Received};

/// The IRP would hang for ever.
pub fn device_control(_irp: Irp<Received>) -> Dispatched { //~ ERROR E0308
}
