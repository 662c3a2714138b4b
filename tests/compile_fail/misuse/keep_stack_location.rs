// The stack location goes with the IRP.

use wdm::{Control, Dispatched, Irp, NtStatus};

/// It is in the IRP's memory.
pub fn device_control(irp: Irp<Control>) -> (Dispatched, u8) {
    let stack = irp.stack();
    let dispatched = irp.complete(NtStatus::SUCCESS); //~ ERROR E0505
    (dispatched, stack.major_function())
}
