// STATUS_PENDING without pending: the proof that an IRP is dealt with cannot be made up (TR-07, TR-15).

use wdm::{Control, Dispatched, Irp};

/// Claims what only `insert` may.
pub fn device_control<D>(_irp: Irp<D, Control>) -> Dispatched {
    Dispatched::pended() //~ ERROR E0624
}
