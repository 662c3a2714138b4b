// The buffer goes with the IRP.

use wdm::{Control, Dispatched, Irp, NtStatus};

/// The I/O manager has copied and freed it.
pub fn device_control(mut irp: Irp<Control>) -> (Dispatched, usize) {
    let buffer = irp.buffer();
    let dispatched = irp.complete(NtStatus::SUCCESS); //~ ERROR E0505
    (dispatched, buffer.input().len())
}
