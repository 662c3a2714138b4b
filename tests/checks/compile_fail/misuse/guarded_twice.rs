// A guarded value used while it is, or while a queue's lock is held: the thread would wait for itself, or another for both.

use wdm::{Call, Guarded};

/// One lock at a time.
pub fn copy(first: &Guarded<u32>, second: &Guarded<u32>, call: &mut Call) {
    first.hold(call, |first| second.hold(call, |second| *first = *second)); //~ ERROR E0500, E0501
}
