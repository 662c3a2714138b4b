// A forgotten `return` after an early completion.

use core::pin::Pin;

use wdm::{Control, Dispatched, Irp, NtStatus, RequestQueues};

/// What the path for a request that is too long leaves to the rest.
pub fn device_control(queues: Pin<&RequestQueues>, irp: Irp<Control>, long: bool) -> Dispatched {
    if long {
        let _ = irp.complete(NtStatus::INVALID_DEVICE_REQUEST);
    }
    let inserted = queues.pend(irp, 0, 0); //~ ERROR E0382
    match inserted {
        Ok(pended) => pended.dispatched,
        Err(refused) => refused.irp.complete(NtStatus::DEVICE_REMOVED),
    }
}
