// The stack location goes with the IRP.

use wdm::{Call, Control, Dispatched, Irp, NtStatus};

/// It is in the IRP's memory.
pub fn device_control<D>(irp: Irp<D, Control>, call: &mut Call) -> (Dispatched, u8) {
    let stack = irp.stack();
    let dispatched = irp.complete(call, NtStatus::SUCCESS); //~ ERROR E0505
    (dispatched, stack.major_function())
}
