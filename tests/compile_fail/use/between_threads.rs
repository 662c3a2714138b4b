// An IRP may be completed by any thread; a queue is shared by all of them.

use wdm::{CancelSafeQueue, Dequeued, Irp, Received};

fn sent<T: Send>() {}
fn shared<T: Sync>() {}

/// As `misuse/share_irp.rs`, with what is allowed.
pub fn check() {
    sent::<Irp<Received>>();
    sent::<Irp<Dequeued>>();
    shared::<CancelSafeQueue>();
}
