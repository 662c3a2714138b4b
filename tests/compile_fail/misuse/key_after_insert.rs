// Everything about an IRP is written before it is inserted.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Dispatched, Irp, Received, Refused};

/// The other processor may be reading the key.
pub fn device_control(
    queue: Pin<&CancelSafeQueue>,
    mut irp: Irp<Received>,
) -> Result<Dispatched, Refused> {
    let inserted = queue.insert(irp);
    irp.set_key(7); //~ ERROR E0382
    inserted
}
