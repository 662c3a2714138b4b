// Queues, locks, lists, and what a device keeps, are shared by all threads. As `misuse/send_proofs.rs`, with what is
// allowed.

use wdm::csq::{Discipline, Domain, InOwner, InQueue, List, Lock, Queue};
use wdm::trace::DeviceEvents;
use wdm::{Device, PoolBox};

fn shared<T: Send + Sync>() {}

/// Each is behind its lock, or atomic.
pub fn check<D: Device, G: Domain, Q: Discipline>() {
    shared::<D>();
    shared::<D::File>();
    shared::<Queue<Q>>();
    shared::<Lock<G>>();
    shared::<List<G, InQueue>>();
    shared::<List<G, InOwner>>();
    shared::<PoolBox<D::File>>();
    shared::<DeviceEvents>();
}
