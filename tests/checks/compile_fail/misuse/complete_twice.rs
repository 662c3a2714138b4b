// An IRP is completed once: completing takes it (INV-52, TR-06).

use wdm::{Call, Control, Dispatched, Irp, NtStatus};

/// The second completion would be of memory that is somebody else's by then.
pub fn device_control<D>(irp: Irp<D, Control>, call: &mut Call) -> Dispatched {
    let _ = irp.complete(call, NtStatus::SUCCESS);
    irp.complete(call, NtStatus::SUCCESS) //~ ERROR E0382
}
