// What `pend` returned is what the dispatch routine returns: its status is not to be had.

use core::pin::Pin;

use wdm::{Control, Irp, NtStatus, Pended, RequestQueues, Unpended};

/// Success, for an IRP that is pending.
pub fn device_control(
    queues: Pin<&RequestQueues>,
    irp: Irp<Control>,
) -> Result<Pended<'_>, Unpended> {
    queues.pend(irp, 0, 0).map(|_| NtStatus::SUCCESS) //~ ERROR E0308
}
