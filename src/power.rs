//! Power: the device has none, so the drivers below decide alone.

use wdm::{Dispatched, Irp, Received};

/// `IRP_MJ_POWER`, whatever it is about: passed down. Since Windows Vista that needs nothing else
/// (TR-72). Pended requests survive sleep; they wait for programs, not for hardware.
pub fn dispatch(irp: Irp<Received>) -> Dispatched {
    irp.pass_down()
}
