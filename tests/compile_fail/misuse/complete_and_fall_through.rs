// A forgotten `return` after an early completion.

use wdm::{Dispatched, Entry, Irp, NtStatus, Received};

/// What the path for a request that is too long leaves to the rest.
pub fn device_control(entry: &Entry<'_>, irp: Irp<Received>, too_long: bool) -> Dispatched {
    if too_long {
        let _ = irp.complete(NtStatus::INVALID_DEVICE_REQUEST);
    }
    let inserted = entry.pend(irp, 0, 0); //~ ERROR E0382
    match inserted {
        Ok(pended) => pended.dispatched,
        Err(irp) => irp.complete(NtStatus::DELETE_PENDING),
    }
}
