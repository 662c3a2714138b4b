// The proof that an IRP is dealt with is not dropped on the floor.

use wdm::{Call, Control, Irp, NtStatus};

/// And what would the dispatch routine return?
pub fn device_control<D>(irp: Irp<D, Control>, call: &mut Call) {
    irp.complete(call, NtStatus::SUCCESS); //~ ERROR unused_must_use
}
