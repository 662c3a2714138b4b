// An IRP is completed once: completing takes it.

use wdm::{Control, Dispatched, Irp, NtStatus};

/// The second completion would be of memory that is somebody else's by then.
pub fn device_control(irp: Irp<Control>) -> Dispatched {
    let _ = irp.complete(NtStatus::SUCCESS);
    irp.complete(NtStatus::SUCCESS) //~ ERROR E0382
}
