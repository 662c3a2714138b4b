//! What is kept of a request for the server that has claimed it.

// UNSAFETY: finds servings by their links.
#![expect(unsafe_code, reason = "an intrusive list of claimed requests")]

use crate::file_context::FileContext;
use crate::pool::Zeroable;
use crate::spin_lock::{Guarded, Held};
use crate::sys::LIST_ENTRY;

/// The part of a slot that only claimed requests need.
///
/// # Invariants
///
/// While the request is claimed, `link` is in the list of the handle `server`, or linked with itself
/// when that is closed.
#[repr(C)]
pub(super) struct Serving {
    /// First, so that a link is where its serving is.
    link: Guarded<LIST_ENTRY>,
    server: Guarded<*const FileContext>,
}

// SAFETY: the lock guards the fields, and the pointer to the server is only compared.
unsafe impl Send for Serving {}
// SAFETY: as above.
unsafe impl Sync for Serving {}

// SAFETY: zeros are null pointers.
unsafe impl Zeroable for Serving {}

impl Serving {
    /// Notes that the request goes to `server`, to whose list the caller adds it.
    pub(super) fn begin(&self, held: &Held<'_>, server: &FileContext) {
        self.server.set(held, server);
    }

    /// Forgets the server, from whose list the caller takes it.
    pub(super) fn orphan(&self, held: &Held<'_>) {
        self.server.set(held, core::ptr::null());
    }

    /// Whether a claimed request is with this server.
    pub(super) fn is_with(&self, held: &Held<'_>, server: &FileContext) -> bool {
        core::ptr::eq(self.server.get(held), server)
    }

    /// The link in the list of the server's handle.
    pub(super) const fn link(&self) -> *mut LIST_ENTRY {
        (&raw const *self).cast_mut().cast()
    }

    /// What has this [`link`](Self::link).
    ///
    /// # Safety
    ///
    /// There is such a one.
    pub(super) unsafe fn of_link<'serving>(link: *mut LIST_ENTRY) -> &'serving Self {
        // SAFETY: by the caller. Links are made from pointers to whole structures.
        unsafe { &*link.cast::<Self>() }
    }
}

const _: () = assert!(core::mem::offset_of!(Serving, link) == 0);
