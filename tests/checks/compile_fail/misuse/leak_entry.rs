// An entry kept beyond the hold of the lock: its IRP may be gone.

use core::pin::Pin;

use wdm::csq::{Domain, Entry, Lock};
use wdm::{Call, Control};

/// By a variable outside.
pub fn assign<'a, G: Domain>(lock: Pin<&Lock<G>>, call: &mut Call, kept: &mut Option<Entry<'a, G>>) {
    lock.hold(call, |held| *kept = held.find(1)); //~ ERROR E0521
}

/// As what the hold returns.
pub fn return_it<G: Domain<Kind = Control>>(lock: Pin<&Lock<G>>, call: &mut Call) -> usize {
    let entry = lock.hold(call, |held| held.find(1)); //~ ERROR an error without a code
    entry.map_or(0, Entry::input_length)
}
