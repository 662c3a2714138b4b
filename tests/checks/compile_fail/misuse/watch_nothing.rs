// An IRP passed down to be watched by a device that does not watch that kind.

use wdm::{Call, Device, Dispatched, Irp, Write};

/// Nobody would be called.
pub fn pass<D: Device>(irp: Irp<D, Write>, call: &mut Call) -> Dispatched {
    irp.pass_down_watched(call) //~ ERROR E0277
}
