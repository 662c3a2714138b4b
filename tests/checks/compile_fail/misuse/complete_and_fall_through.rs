// A forgotten `return` after an early completion.

use core::pin::Pin;

use wdm::csq::{Fifo, Own};
use wdm::{Call, Control, Device, Dispatched, Irp, NtStatus};

/// What the path for a request that is too long leaves to the rest.
pub fn device_control<D: Device<File = Own<D, Control>>>(
    irp: Irp<D, Control>,
    call: &mut Call,
    queue: fn(Pin<&D>) -> Pin<&Fifo<D, Control>>,
    is_long: bool,
) -> Dispatched {
    if is_long {
        let _ = irp.complete(call, NtStatus::INVALID_DEVICE_REQUEST);
    }
    Fifo::pend(irp, call, queue) //~ ERROR E0382
}
