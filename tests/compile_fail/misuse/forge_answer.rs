// `STATUS_PENDING` without pending: the status of a dispatch routine cannot be made up.

use wdm::{Control, Dispatched, Irp, NtStatus};

/// Claims what only `insert` may.
pub fn device_control(_irp: Irp<Control>) -> Dispatched {
    Dispatched(NtStatus::from_code(0x103)) //~ ERROR E0423
}
