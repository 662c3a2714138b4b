// Completing an IRP of an earlier call is no answer to this one.

use core::pin::Pin;

use wdm::csq::{Discipline, Queue};
use wdm::{Call, Dispatched, NtStatus};

/// The IRP of this call is forgotten.
pub fn device_control<Q: Discipline>(
    queue: Pin<&Queue<Q>>,
    call: &mut Call,
    wanted: &mut Q::Peek<'_>,
) -> Option<Dispatched> {
    queue.remove(call, wanted).map(|(irp, _)| irp.complete(NtStatus::SUCCESS)) //~ ERROR E0308
}
