// The proof that an IRP is dealt with is not dropped on the floor.

use wdm::{Irp, NtStatus, Received};

/// And what would the dispatch routine return?
pub fn device_control(irp: Irp<Received>) {
    irp.complete(NtStatus::SUCCESS); //~ ERROR unused_must_use
}
