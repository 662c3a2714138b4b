// The buffer goes with the IRP (TR-13).

use wdm::{Call, Control, Dispatched, Irp, NtStatus};

/// The I/O manager has copied and freed it.
pub fn device_control<D>(irp: Irp<D, Control>, call: &mut Call) -> (Dispatched, usize) {
    let input = irp.input();
    let dispatched = irp.complete(call, NtStatus::SUCCESS); //~ ERROR E0505
    (dispatched, input.len())
}
