// Another IRP removed where the lock may be held. As `lock_in_canceled.rs`: an IRP is no call.

use core::pin::Pin;

use wdm::csq::{Discipline, Domain, Queue};
use wdm::{Dequeued, Irp};

/// Has the canceled IRP stand for the call.
pub fn canceled<Q: Discipline>(
    mut irp: Irp<<Q::Domain as Domain>::Device, Dequeued<'_>>,
    queue: Pin<&Queue<Q>>,
    wanted: &mut Q::Peek<'_>,
) -> bool {
    queue.remove(&mut irp, wanted).is_some() //~ ERROR E0308
}
