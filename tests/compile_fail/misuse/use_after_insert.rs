// An IRP that was inserted may be canceled, completed and gone before `pend` returns.

use core::pin::Pin;

use wdm::{Control, Irp, Pended, RequestQueues, Unpended};

/// Reads from an IRP that it no longer owns.
pub fn device_control(
    queues: Pin<&RequestQueues>,
    irp: Irp<Control>,
) -> Result<Pended<'_>, Unpended> {
    let inserted = queues.pend(irp, 0, 0);
    let _ = irp.stack(); //~ ERROR E0382
    inserted
}
