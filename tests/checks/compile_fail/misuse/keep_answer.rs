// The space for the answer goes with the IRP, too.

use wdm::{Call, Control, Device, Dispatched, Irp, NtStatus};

/// Writes to a buffer that is freed.
pub fn device_control<D: Device>(mut irp: Irp<D, Control>, call: &mut Call) -> Dispatched {
    let (_, _, mut answer) = irp.parts();
    let dispatched = irp.complete(call, NtStatus::SUCCESS); //~ ERROR E0505
    let _ = answer.answer(b"late");
    dispatched
}
