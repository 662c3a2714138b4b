// Queues, locks and lists stay where they are: the kernel and every IRP in them have their addresses (INV-04).

use core::pin::Pin;

use wdm::csq::{Discipline, Domain, InQueue, List, Lock, Queue};

/// Swaps the queues of two devices.
pub fn queues<Q: Discipline>(queue: Pin<&mut Queue<Q>>, other: &mut Queue<Q>) {
    core::mem::swap(queue.get_mut(), other); //~ ERROR E0277
}

/// Swaps two locks.
pub fn locks<G: Domain>(lock: Pin<&mut Lock<G>>, other: &mut Lock<G>) {
    core::mem::swap(lock.get_mut(), other); //~ ERROR E0277
}

/// Swaps two lists.
pub fn lists<G: Domain>(list: Pin<&mut List<G, InQueue>>, other: &mut List<G, InQueue>) {
    core::mem::swap(list.get_mut(), other); //~ ERROR E0277
}
