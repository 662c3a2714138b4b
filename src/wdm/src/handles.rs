//! The handles of a filter, found by their file objects: `FsContext` is the function driver's.

// UNSAFETY: a linked list.
#![expect(
    unsafe_code,
    reason = "a list of nodes of a type that only its users know"
)]

use core::cell::UnsafeCell;
use core::ptr::{NonNull, null_mut};

use crate::pool::PoolBox;
use crate::spin_lock::RawSpinLock;
use crate::status::NtStatus;
use crate::sys::FILE_OBJECT;

/// The open handles of one device. All its functions are called with one type `F`.
///
/// # Invariants
///
/// Each link is null, or to the [`Node`] of a handle, from a [`PoolBox`], that nobody else frees. Links are touched with
/// the lock held.
pub(crate) struct Handles {
    lock: RawSpinLock,
    first: UnsafeCell<*mut Link>,
}

// SAFETY: the links are touched with the lock held only.
unsafe impl Send for Handles {}
// SAFETY: shared, it is used with the lock held only.
unsafe impl Sync for Handles {}

struct Link {
    next: *mut Link,
    object: NonNull<FILE_OBJECT>,
}

#[repr(C)]
struct Node<F> {
    link: Link,
    file: F,
}

impl Handles {
    pub(crate) const fn new() -> Self {
        Self {
            lock: RawSpinLock::new(),
            first: UnsafeCell::new(null_mut()),
        }
    }

    /// Keeps `file` for a handle.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn insert<F>(&self, object: NonNull<FILE_OBJECT>, file: F) -> Result<(), NtStatus> {
        let node = PoolBox::try_new(Node {
            link: Link {
                next: null_mut(),
                object,
            },
            file,
        })?;
        let link = PoolBox::into_raw(node).cast::<Link>().as_ptr();
        let saved = self.lock.acquire();
        let first = self.first.get();
        // SAFETY: the lock is held.
        let next = unsafe { *first };
        // SAFETY: the new node's, which nobody else has yet.
        unsafe { (*link).next = next };
        // SAFETY: the lock is held.
        unsafe { *first = link };
        // SAFETY: taken above.
        unsafe { self.lock.release(saved) };
        Ok(())
    }

    /// What is kept for a handle. Takes as long as there are handles.
    pub(crate) fn find<F>(&self, object: NonNull<FILE_OBJECT>) -> Option<NonNull<F>> {
        let saved = self.lock.acquire();
        // SAFETY: the lock is held.
        let place = unsafe { self.place_of(object) };
        // SAFETY: the lock is held.
        let link = place.map(|place| unsafe { *place });
        // SAFETY: taken above.
        unsafe { self.lock.release(saved) };
        // SAFETY: a node of that type.
        let file = unsafe { &raw mut (*link?.cast::<Node<F>>()).file };
        NonNull::new(file)
    }

    /// Frees what is kept for a handle.
    ///
    /// # Safety
    ///
    /// Nobody has what [`find`](Self::find) found for it, or will look for it.
    pub(crate) unsafe fn remove<F>(&self, object: NonNull<FILE_OBJECT>) {
        let saved = self.lock.acquire();
        // SAFETY: the lock is held.
        let place = unsafe { self.place_of(object) };
        // SAFETY: the lock is held, and the place in the list.
        let link = place.and_then(|place| unsafe { unlink(place) });
        // SAFETY: taken above.
        unsafe { self.lock.release(saved) };
        // SAFETY: unlinked, and of a node from `insert` with that type.
        drop(link.map(|link| unsafe { PoolBox::<Node<F>>::from_raw(link.cast()) }));
    }

    /// Frees what is kept for the handles that are left.
    ///
    /// # Safety
    ///
    /// As for [`remove`](Self::remove), for all of them.
    pub(crate) unsafe fn clear<F>(&self) {
        // SAFETY: nobody else uses the list any more.
        while let Some(link) = unsafe { unlink(self.first.get()) } {
            // SAFETY: unlinked, and of a node from `insert` with that type.
            drop(unsafe { PoolBox::<Node<F>>::from_raw(link.cast()) });
        }
    }

    /// Where the link to the node of a handle is.
    ///
    /// # Safety
    ///
    /// The lock is held.
    unsafe fn place_of(&self, object: NonNull<FILE_OBJECT>) -> Option<*mut *mut Link> {
        let mut place = self.first.get();
        loop {
            // SAFETY: a link of the list.
            let link = NonNull::new(unsafe { *place })?.as_ptr();
            // SAFETY: a node of the list.
            if unsafe { (*link).object } == object {
                return Some(place);
            }
            // SAFETY: a node of the list.
            place = unsafe { &raw mut (*link).next };
        }
    }
}

/// Takes out the node that the link at `place` leads to.
///
/// # Safety
///
/// A link of the list, which nobody else touches.
unsafe fn unlink(place: *mut *mut Link) -> Option<NonNull<Link>> {
    // SAFETY: the head, or the `next` of a node, of the locked list.
    let link = NonNull::new(unsafe { *place })?;
    // SAFETY: a node of the list.
    let next = unsafe { (*link.as_ptr()).next };
    // SAFETY: as above; the node that it led to is taken out.
    unsafe { *place = next };
    Some(link)
}
