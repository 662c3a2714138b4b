// A forgotten `return` after an early completion.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Dispatched, Irp, NtStatus, Received, Refused};

/// What the path for a request that is too long leaves to the rest.
pub fn device_control(
    queue: Pin<&CancelSafeQueue>,
    irp: Irp<Received>,
    too_long: bool,
) -> Dispatched {
    if too_long {
        let _ = irp.complete(NtStatus::INVALID_DEVICE_REQUEST);
    }
    let inserted = queue.insert(irp); //~ ERROR E0382
    match inserted {
        Ok(dispatched) => dispatched,
        Err(Refused::Closed(irp) | Refused::NoHandle(irp)) => {
            irp.complete(NtStatus::DELETE_PENDING)
        }
    }
}
