// Hole: completing with STATUS_PENDING. No `NtStatus` is that, and none is made by hand (INV-53, TR-05).

use wdm::{Call, Control, Dispatched, Irp, NtStatus};

/// Neither the one.
pub fn named<D>(irp: Irp<D, Control>, call: &mut Call) -> Dispatched {
    irp.complete(call, NtStatus::PENDING) //~ ERROR E0599
}

/// Nor the other.
pub fn made<D>(irp: Irp<D, Control>, call: &mut Call) -> Dispatched {
    irp.complete(call, NtStatus(0x103)) //~ ERROR E0423
}
