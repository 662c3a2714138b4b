// The proof that an IRP is dealt with is not dropped on the floor.

use wdm::{Control, Irp, NtStatus};

/// And what would the dispatch routine return?
pub fn device_control(irp: Irp<Control>) {
    irp.complete(NtStatus::SUCCESS); //~ ERROR unused_must_use
}
