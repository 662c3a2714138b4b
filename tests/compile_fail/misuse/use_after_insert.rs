// An IRP that was inserted may be canceled, completed and gone before `insert` returns.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Dispatched, Irp, Received, Refused};

/// Reads from an IRP that it no longer owns.
pub fn device_control(
    queue: Pin<&CancelSafeQueue>,
    irp: Irp<Received>,
) -> Result<Dispatched, Refused> {
    let inserted = queue.insert(irp);
    let _ = irp.stack(); //~ ERROR E0382
    inserted
}
