//! What the driver keeps for each open handle: its own requests, its claims, and whether it may
//! have more.
//!
//! A file object gets `IRP_MJ_CLEANUP` when its last handle is closed, while requests of other
//! threads may be on their way into a queue. Cleanup therefore notes, under the queues' lock, that
//! the handle is closing before it drains: a request that is linked later finds that, and the
//! thread that links it ends it (INV-60, TR-60).

// UNSAFETY: lists that the queues' callbacks change.
#![expect(unsafe_code, reason = "initializes list heads in place")]

use core::pin::Pin;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::csq::RequestQueues;
use crate::list;
use crate::pool::PoolBox;
use crate::spin_lock::Guarded;
use crate::status::NtStatus;
use crate::sys::LIST_ENTRY;

/// One open handle's part of the queues.
///
/// # Invariants
///
/// The lists are valid, and only touched with the lock of `queues` held. `requests` has this
/// handle's requests from their first insertion to their end, wherever they are, oldest first;
/// `claims` has its claims that wait; both are linked through `DriverContext[0..2]`. `served` has
/// the slots of the requests, of any handle, that are in the claimed queue for this one. The
/// context is pinned: it is only ever made in a [`PoolBox`].
pub struct FileContext {
    queues: NonNull<RequestQueues>,
    /// How many requests and waiting claims the handle has: at most the limit.
    outstanding: AtomicU32,
    /// Set when cleanup begins; from then on no request of this handle, or claimed by it, stays in a
    /// queue.
    pub(crate) closing: Guarded<bool>,
    requests: Guarded<LIST_ENTRY>,
    claims: Guarded<LIST_ENTRY>,
    served: Guarded<LIST_ENTRY>,
}

// SAFETY: `queues` is only compared; the lock of the queues guards the rest.
unsafe impl Send for FileContext {}
// SAFETY: as above.
unsafe impl Sync for FileContext {}

impl FileContext {
    /// A context for a new handle, whose requests will go to `queues`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` when there is no memory.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`.
    pub fn try_new(queues: Pin<&RequestQueues>) -> Result<PoolBox<Self>, NtStatus> {
        let context = PoolBox::try_new(Self {
            queues: NonNull::from(queues.get_ref()),
            outstanding: AtomicU32::new(0),
            closing: Guarded::new(false),
            requests: Guarded::new(LIST_ENTRY::default()),
            claims: Guarded::new(LIST_ENTRY::default()),
            served: Guarded::new(LIST_ENTRY::default()),
        })?;
        for list in [context.requests(), context.claims(), context.served()] {
            // SAFETY: nobody else knows of the context yet, and the box keeps it in place.
            // INVARIANT: nothing refers to it, so the list is empty.
            unsafe { list::initialize(list) };
        }
        Ok(context)
    }

    /// Whether this handle's requests go to `queues`.
    pub(crate) fn belongs_to(&self, queues: &RequestQueues) -> bool {
        core::ptr::eq(self.queues.as_ptr(), queues)
    }

    /// The head of the list of this handle's requests. The lock of the queues guards it, as it
    /// does the other two.
    pub(crate) const fn requests(&self) -> *mut LIST_ENTRY {
        self.requests.as_ptr()
    }

    /// The head of the list of this handle's waiting claims.
    pub(crate) const fn claims(&self) -> *mut LIST_ENTRY {
        self.claims.as_ptr()
    }

    /// The head of the list of the slots whose requests this handle has claimed.
    pub(crate) const fn served(&self) -> *mut LIST_ENTRY {
        self.served.as_ptr()
    }

    /// Counts one more request or waiting claim, unless there are `limit` already (TR-24).
    pub(crate) fn take_place(&self, limit: u32) -> bool {
        let more = |count: u32| (count < limit).then_some(count + 1);
        self.outstanding
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    /// Counts one less: pays for one [`take_place`](Self::take_place) that returned true.
    pub(crate) fn return_place(&self) {
        self.outstanding.fetch_sub(1, Ordering::Relaxed);
    }
}
