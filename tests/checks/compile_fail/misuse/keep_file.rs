// Hole: the state of a handle was used after the handle. An IRP lends it for as long as it is owned.

use wdm::{Call, Control, Device, Dispatched, Irp, NtStatus};

/// With the last IRP the handle may go, and its state with it.
pub fn device_control<D: Device>(irp: Irp<D, Control>, call: &mut Call) -> (Dispatched, bool) {
    let file = irp.file();
    let dispatched = irp.complete(call, NtStatus::SUCCESS); //~ ERROR E0505
    (dispatched, file.is_some())
}
