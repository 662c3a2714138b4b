// `STATUS_PENDING` without pending: the status of a dispatch routine cannot be made up.

use wdm::{Dispatched, Irp, NtStatus, Received};

/// Claims what only `insert` may.
pub fn device_control(_irp: Irp<Received>) -> Dispatched {
    Dispatched(NtStatus::from_code(0x103)) //~ ERROR E0423
}
