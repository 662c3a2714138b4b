// An entry found under one lock, moved by the right to another's lists.

use core::pin::Pin;

use wdm::csq::{Domain, Entry, InQueue, Links, List};

/// Nothing says that it is the same hold.
pub fn push<'a, 'b, G: Domain>(
    list: Pin<&List<G, InQueue>>,
    links: &mut Links<'a, InQueue>,
    irp: Entry<'b, G>,
) {
    list.push(links, irp); //~ ERROR an error without a code
}
