//! What the driver keeps for each open handle: its own requests, and whether it may have more.
//!
//! A file object gets `IRP_MJ_CLEANUP` when its last handle is closed, while requests of other
//! threads may be on their way into the queue. Each insertion therefore passes the handle's
//! rundown, and cleanup closes it before it drains: after that no request of the handle can enter
//! the queue any more (INV-60, TR-60).

// UNSAFETY: a list that the queue's callbacks change.
#![expect(unsafe_code, reason = "initializes a list head in place")]

use core::cell::UnsafeCell;
use core::pin::Pin;
use core::ptr::NonNull;

use crate::csq::CancelSafeQueue;
use crate::list;
use crate::pool::PoolBox;
use crate::rundown::Rundown;
use crate::status::NtStatus;
use crate::sys::LIST_ENTRY;

/// One open handle's part of a queue.
///
/// # Invariants
///
/// `irps` is the list of this handle's IRPs in `queue`, in the order of their insertion, linked
/// through `DriverContext[0..2]`; only touched with that queue's lock held. The context is pinned:
/// it is only ever made in a [`PoolBox`].
pub struct FileContext {
    queue: NonNull<CancelSafeQueue>,
    pub(crate) open: Rundown,
    irps: UnsafeCell<LIST_ENTRY>,
}

// SAFETY: `queue` is only compared; `irps` is guarded by the queue's lock.
unsafe impl Send for FileContext {}
// SAFETY: as above.
unsafe impl Sync for FileContext {}

impl FileContext {
    /// A context for a new handle, whose requests will go to `queue`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` when there is no memory.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`.
    pub fn try_new(queue: Pin<&CancelSafeQueue>) -> Result<PoolBox<Self>, NtStatus> {
        let context = PoolBox::try_new(Self {
            queue: NonNull::from(queue.get_ref()),
            open: Rundown::new(),
            irps: UnsafeCell::new(LIST_ENTRY::default()),
        })?;
        context.open.initialize();
        // SAFETY: nobody else knows of the context yet, and the box keeps it in place.
        // INVARIANT: no IRP refers to it, so the list is empty.
        unsafe { list::initialize(context.irps()) };
        Ok(context)
    }

    /// Whether this handle's requests go to `queue`.
    pub(crate) fn belongs_to(&self, queue: &CancelSafeQueue) -> bool {
        core::ptr::eq(self.queue.as_ptr(), queue)
    }

    /// The head of the list of this handle's IRPs. The queue's lock guards it.
    pub(crate) const fn irps(&self) -> *mut LIST_ENTRY {
        self.irps.get()
    }
}
