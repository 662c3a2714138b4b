// An IRP may be completed by any thread; queues are shared by all of them.

use wdm::{Dequeued, Irp, Moving, Received, RequestQueues};

fn sent<T: Send>() {}
fn shared<T: Sync>() {}

/// As `misuse/share_irp.rs`, with what is allowed.
pub fn check() {
    sent::<Irp<Received>>();
    sent::<Irp<Dequeued>>();
    sent::<Irp<Moving>>();
    shared::<RequestQueues>();
}
