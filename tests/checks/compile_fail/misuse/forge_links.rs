// The links of a list are changed by who holds its lock; the right to that cannot be made up.

use core::pin::Pin;

use wdm::csq::{Domain, Entry, InQueue, Links, List};

/// No lock in sight.
pub fn push<G: Domain>(list: Pin<&List<G, InQueue>>, irp: Entry<'_, G>) {
    let mut links = Links::assume(0); //~ ERROR E0624
    list.push(&mut links, irp);
}
