// The proof that a lock is held, kept beyond the hold, or what the lock guards.

use core::pin::Pin;

use wdm::Call;
use wdm::csq::{Domain, Held, InQueue, Links, Lock, Slot};

/// The proof.
pub fn proof<'a, G: Domain>(lock: Pin<&Lock<G>>, call: &mut Call, kept: &mut Option<&'a mut Held<'a, G>>) {
    lock.hold(call, |held| *kept = Some(held)); //~ ERROR E0521, an error without a code
}

/// The right to the links.
pub fn links<'a, G: Domain>(
    lock: Pin<&Lock<G>>,
    call: &mut Call,
    kept: &mut Option<&'a mut Links<'a, InQueue>>,
) {
    lock.hold(call, |held| *kept = Some(&mut held.links)); //~ ERROR E0521, an error without a code
}

/// The state.
pub fn state<G: Domain>(lock: Pin<&Lock<G>>, call: &mut Call, show: fn(Pin<&G::State>)) {
    let state = lock.hold(call, |held| held.state()); //~ ERROR an error without a code
    show(state);
}

/// What is kept for an IRP.
pub fn slot<'a, G: Domain>(
    lock: Pin<&Lock<G>>,
    call: &mut Call,
    kept: &mut Option<&'a Slot<G::Request>>,
) {
    lock.hold(call, |held| *kept = held.at(0).map(|entry| entry.slot())); //~ ERROR an error without a code
}

/// The handle of an IRP.
pub fn file<'a, G: Domain>(
    lock: Pin<&Lock<G>>,
    call: &mut Call,
    kept: &mut Option<Pin<&'a <G::Device as wdm::Device>::File>>,
) {
    lock.hold(call, |held| *kept = held.at(0).map(|entry| entry.file())); //~ ERROR an error without a code
}
