//! Where to look for an IRP to remove.

// UNSAFETY: follows links from an IRP that was found before.
#![expect(
    unsafe_code,
    reason = "goes on from a pointer that the kernel gives back"
)]

use core::pin::Pin;
use core::ptr::NonNull;

use super::domain::Domain;
use super::list::{Entry, InOwner, InQueue, List};
use super::lock::Held;
use crate::sys::IRP;

/// Where to look for an IRP.
pub enum Search<'s, G: Domain> {
    /// Nowhere.
    Nothing,
    /// From the head of a list on.
    In(Pin<&'s List<G, InQueue>>),
    /// From the head of an owner's list on.
    Own(Pin<&'s List<G, InOwner>>),
    /// This one.
    This(Entry<'s, G>),
}

impl<'s, G: Domain> Search<'s, G> {
    /// What is found after `irp`, or at all (INV-30).
    ///
    /// # Safety
    ///
    /// The lock is held; `irp` is none, or an IRP in a queue with that lock.
    #[inline]
    pub(super) unsafe fn find_after<'h: 's>(
        &self,
        held: &Held<'h, G>,
        irp: Option<NonNull<IRP>>,
    ) -> Option<Entry<'s, G>> {
        // SAFETY: the caller holds the lock, and the IRP is in a queue with that.
        let found = irp.map(|irp| unsafe { Entry::<G>::of(irp) });
        // A discipline may search another list than before, or have moved what was found: then nothing follows.
        match (self, found) {
            (Self::In(list), None) => list.first(&held.links),
            (Self::In(list), Some(found)) if found.is_in(*list) => found.next(&held.links),
            (Self::Own(list), None) => list.iter_after(&held.own_links, None).next(),
            (Self::Own(list), Some(found)) if found.is_own_in(*list) => {
                list.iter_after(&held.own_links, Some(found)).next()
            }
            (Self::This(entry), None) => Some(*entry),
            (_, Some(_)) | (Self::Nothing, None) => None,
        }
    }
}
