// An IRP linked in a list that goes away before it: where it goes is part of the handle or of what the lock guards.

use core::pin::Pin;

use wdm::csq::{Arriving, Domain, InOwner, InQueue, List, Place};

/// As `Discipline::insert`, with a list of the inserting thread's.
pub fn insert<'h, G: Domain>(
    _irp: &mut Arriving<'h, G>,
    list: Pin<&List<G, InQueue>>,
    own: Pin<&'h List<G, InOwner>>,
) -> Place<'h, G> {
    Place { list, own } //~ ERROR E0621
}
