// A lock taken with one held: the thread would wait for itself, or for one that waits for it. Holding a lock borrows
// the `Call`.

use core::pin::Pin;

use wdm::Call;
use wdm::csq::{Domain, Lock};

/// The second may be the first.
pub fn both<G: Domain>(first: Pin<&Lock<G>>, second: Pin<&Lock<G>>, call: &mut Call) {
    first.hold(call, |_| second.hold(call, |_| ())); //~ ERROR E0500, E0501
}
