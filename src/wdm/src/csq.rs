//! The cancel-safe queue: IRPs in the order of their arrival, any of which may be canceled at any
//! time.
//!
//! The kernel's `IoCsq*` routines do the locking and own the races with cancellation; this module
//! supplies the six callbacks they want ([`callbacks`]) and an interface that cannot be used
//! wrongly. See "Cancel-Safe IRP Queues":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/cancel-safe-irp-queues>.
//!
//! # The contract
//!
//! Public sources disagree on the order in which `IoCsqInsertIrp` marks, links and checks an IRP,
//! so nothing here relies on one:
//!
//! | rule | how it is kept |
//! |---|---|
//! | INV-03 callbacks find their queue from the `IO_CSQ` alone | it is the first field |
//! | INV-04 the `IO_CSQ` is the kernel's memory | `UnsafeCell`, never read or moved |
//! | INV-10, INV-11, INV-13 after insertion the IRP is gone | [`CancelSafeQueue::insert`] takes it by value and returns [`Dispatched`]; nothing marks it pending but `IoCsqInsertIrp` |
//! | INV-12 everything about an IRP is written before insertion | [`Irp::set_key`](crate::Irp::set_key) needs an owned IRP |
//! | INV-14 no lock is held at insertion | no lock is ever handed out |
//! | INV-18, INV-19 canceled before or inside insertion | `csq_complete_canceled_irp` works for an IRP that was never linked |
//! | INV-30 to INV-33 peeking goes on strictly after the IRP given | `csq_peek_next_irp` |
//! | INV-37 the counts equal the list at every unlock | they change in the callbacks that link and unlink |
//! | INV-40, INV-41 the IRQL to restore is kept by `IoCsq*` | [`crate::spin_lock`] |
//! | INV-43 the lock is held for O(1), or for one handle's own requests | each handle has a list of its own |
//! | INV-50 completing a canceled IRP takes no lock | `csq_complete_canceled_irp` |
//! | INV-60, INV-63 nothing enters after cleanup or removal has begun | two rundowns are passed on the way in |

// UNSAFETY: calls IoCsq* and reads what the callbacks write.
#![expect(unsafe_code, reason = "calls the kernel's cancel-safe queue routines")]

mod callbacks;

use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::file_context::FileContext;
use crate::irp::{Dequeued, Dispatched, Irp, Received};
use crate::list;
use crate::rundown::Rundown;
use crate::spin_lock::RawSpinLock;
use crate::status::NtStatus;
use crate::sys::{
    IO_CSQ, IRP, IoCsqInitialize, IoCsqInsertIrp, IoCsqRemoveNextIrp, LIST_ENTRY, driver_context,
};

/// A queue of IRPs, registered with `IoCsqInitialize`.
///
/// A new queue is closed. It takes IRPs between [`open`](Self::open) and [`close`](Self::close).
///
/// # Invariants
///
/// Once `registered` is set, `csq` holds the callbacks of [`callbacks`], and `irps` is a valid
/// list; it and `account` are only touched with `lock` held. Every linked IRP is marked pending, is
/// owned by the queue, and holds a reference to its device's remove lock; it is linked twice, in
/// `irps` and in its handle's [`FileContext`].
#[repr(C)]
pub struct CancelSafeQueue {
    /// First, so that a callback gets from its `PIO_CSQ` to the queue (INV-03).
    csq: UnsafeCell<IO_CSQ>,
    lock: RawSpinLock,
    /// All IRPs, oldest first, linked through `Tail.Overlay.ListEntry`.
    irps: UnsafeCell<LIST_ENTRY>,
    account: UnsafeCell<Account>,
    /// IRPs that were canceled before they were linked. They count as pended and as canceled, so
    /// this is one number that belongs to both; it is not under the lock because
    /// `csq_complete_canceled_irp` takes none.
    canceled_early: AtomicU64,
    /// Passed by every insertion, closed while the device takes none.
    admission: Rundown,
    registered: AtomicBool,
    pinned: PhantomPinned,
}

/// What became of the IRPs. Like the list, the lock guards it.
struct Account {
    /// What `csq_peek_next_irp` returned last, and what for. `IoCsqRemoveNextIrp` removes it
    /// under the same lock; any other removal is a cancellation.
    peeked: *mut IRP,
    purpose: Ending,
    tally: Tally,
}

/// How many IRPs entered a queue and where they are.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// Taken by [`CancelSafeQueue::insert`].
    pub pended: u64,
    /// Removed with [`Ending::Completed`].
    pub completed: u64,
    /// Canceled by the I/O manager, or removed with [`Ending::Canceled`].
    pub canceled: u64,
    /// Removed with [`Ending::Flushed`].
    pub flushed: u64,
    /// In the queue now.
    pub pending: u64,
    /// The largest [`pending`](Self::pending) ever.
    pub high_water: u64,
}

/// What an IRP is removed for.
#[derive(Clone, Copy)]
pub enum Ending {
    /// It is answered.
    Completed,
    /// Its owner no longer wants it.
    Canceled,
    /// Its handle or its device goes away.
    Flushed,
}

/// Which IRP to remove. Data and not a closure, so that nothing of a driver runs under the lock.
#[derive(Clone, Copy)]
pub enum Peek<'file> {
    /// The oldest.
    Any,
    /// The oldest of one handle.
    File(&'file FileContext),
    /// The oldest of one handle with a key given by [`Irp::set_key`](crate::Irp::set_key).
    Key(&'file FileContext, usize),
}

/// An IRP that did not get into a queue, and why. It must be answered.
#[must_use = "the IRP must be completed"]
pub enum Refused {
    /// The queue is closed.
    Closed(Irp<Received>),
    /// The handle is being closed, or the IRP comes from none that goes with this queue.
    NoHandle(Irp<Received>),
}

/// What `IoCsqRemoveNextIrp` passes on to `csq_peek_next_irp`.
struct PeekContext<'file> {
    peek: Peek<'file>,
    purpose: Ending,
}

// SAFETY: `lock` guards `irps` and `account`; `csq` is the kernel's, which expects any processor.
unsafe impl Send for CancelSafeQueue {}
// SAFETY: as above.
unsafe impl Sync for CancelSafeQueue {}

impl CancelSafeQueue {
    /// A queue that must be [`register`](Self::register)ed before it takes anything.
    #[must_use]
    pub fn new() -> Self {
        Self {
            csq: UnsafeCell::new(IO_CSQ::default()),
            lock: RawSpinLock::new(),
            irps: UnsafeCell::new(LIST_ENTRY::default()),
            account: UnsafeCell::new(Account {
                peeked: null_mut(),
                purpose: Ending::Canceled,
                tally: Tally::default(),
            }),
            canceled_early: AtomicU64::new(0),
            admission: Rundown::new(),
            registered: AtomicBool::new(false),
            pinned: PhantomPinned,
        }
    }

    /// Registers the callbacks: `IoCsqInitialize`. The queue is closed afterwards.
    ///
    /// # Errors
    ///
    /// What `IoCsqInitialize` returns (INV-02); `STATUS_INVALID_DEVICE_REQUEST` for a queue that
    /// is registered already.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`. Nobody else uses the queue yet (INV-01).
    pub fn register(self: Pin<&Self>) -> Result<(), NtStatus> {
        if self.registered.load(Ordering::Relaxed) {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        // SAFETY: not registered, so no callback uses the list.
        unsafe { list::initialize(self.irps.get()) };
        // SAFETY: the memory is pinned, so the kernel may keep its address; the callbacks follow
        // the contract of theirs. The pointer is of the whole queue, for the callbacks to use.
        let status = unsafe {
            IoCsqInitialize(
                self.as_csq(),
                Some(callbacks::csq_insert_irp),
                Some(callbacks::csq_remove_irp),
                Some(callbacks::csq_peek_next_irp),
                Some(callbacks::csq_acquire_lock),
                Some(callbacks::csq_release_lock),
                Some(callbacks::csq_complete_canceled_irp),
            )
        };
        NtStatus::from_raw(status).ok()?;
        self.admission.initialize();
        self.admission.close();
        // INVARIANT: the callbacks are registered and the list is valid.
        self.registered.store(true, Ordering::Release);
        Ok(())
    }

    /// Lets IRPs in. Does nothing to a queue that is open or not registered.
    ///
    /// # Context
    ///
    /// Calls of `open` and `close` take turns; those of Plug and Play do.
    pub fn open(self: Pin<&Self>) {
        if self.registered.load(Ordering::Acquire) {
            self.admission.reopen();
        }
    }

    /// Lets no IRP in any more, and waits until those on their way are in. What is in stays.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`; waits. As for [`open`](Self::open).
    pub fn close(self: Pin<&Self>) {
        if self.registered.load(Ordering::Acquire) {
            self.admission.close();
        }
    }

    /// Queues an IRP: `IoCsqInsertIrp`. Whoever removes it next must end it; until then it may be
    /// canceled, possibly before this returns.
    ///
    /// # Errors
    ///
    /// The IRP comes back, and nothing has changed, when the queue or the IRP's handle is closed.
    pub fn insert(self: Pin<&Self>, irp: Irp<Received>) -> Result<Dispatched, Refused> {
        if !self.registered.load(Ordering::Acquire) || !self.admission.enter() {
            return Err(Refused::Closed(irp));
        }
        let refused = match self.enter_handle(&irp) {
            Ok(file) => {
                self.queue(irp);
                // SAFETY: cleanup waits for the handle to be left, so the context is still there,
                // whatever has become of the IRP.
                let open = unsafe { &raw const (*file.as_ptr()).open };
                // SAFETY: entered above.
                unsafe { Rundown::leave(open) };
                None
            }
            Err(()) => Some(Refused::NoHandle(irp)),
        };
        // SAFETY: entered above. Removal waits for this, so the queue is still there.
        unsafe { Rundown::leave(&raw const self.admission) };
        refused.map_or_else(|| Ok(Dispatched::pended()), Err)
    }

    /// Removes an IRP that is not being canceled: `IoCsqRemoveNextIrp`.
    #[must_use = "the IRP must be completed"]
    pub fn remove_next(self: Pin<&Self>, peek: Peek<'_>, purpose: Ending) -> Option<Irp<Dequeued>> {
        if !self.registered.load(Ordering::Acquire) {
            return None;
        }
        let mut context = PeekContext { peek, purpose };
        // SAFETY: registered. The context is what `csq_peek_next_irp` expects, for as long as the
        // call takes.
        let irp = unsafe { IoCsqRemoveNextIrp(self.as_csq(), (&raw mut context).cast()) };
        // SAFETY: the queue owned the IRP, with its remove-lock reference, and has given it up.
        NonNull::new(irp).map(|irp| unsafe { Irp::from_raw(irp) })
    }

    /// Reads all counts at one instant.
    #[must_use]
    pub fn tally(self: Pin<&Self>) -> Tally {
        let saved = self.lock.acquire();
        // SAFETY: the lock is held.
        let mut tally = unsafe { (*self.account.get()).tally };
        let early = self.canceled_early.load(Ordering::Relaxed);
        // SAFETY: acquired above.
        unsafe { self.lock.release(saved) };
        tally.pended += early;
        tally.canceled += early;
        tally
    }

    /// Passes the rundown of the handle that `irp` came through.
    fn enter_handle(&self, irp: &Irp<Received>) -> Result<NonNull<FileContext>, ()> {
        let file = irp.stack().file_context().ok_or(())?;
        // SAFETY: the IRP holds a reference to its file object, and the context lives until that
        // object's `IRP_MJ_CLOSE`.
        let context = unsafe { file.as_ref() };
        if context.belongs_to(self) && context.open.enter() {
            Ok(file)
        } else {
            Err(())
        }
    }

    /// Hands `irp` over to `IoCsqInsertIrp`. It may be gone when this returns (INV-11).
    fn queue(&self, irp: Irp<Received>) {
        let raw = irp.into_raw();
        // SAFETY: owned until the call below.
        let context = unsafe { driver_context(raw.as_ptr()) };
        // SAFETY: as above. Null tells `csq_complete_canceled_irp` that the IRP was never linked.
        unsafe { (*context)[callbacks::HANDLE_LINK] = null_mut() };
        // SAFETY: registered, by the caller; owned, with its remove-lock reference, and given up.
        // No lock is held (INV-14). No context: the IRP is only ever removed by peeking.
        unsafe { IoCsqInsertIrp(self.as_csq(), raw.as_ptr(), null_mut()) };
    }

    /// The `IO_CSQ`, by a pointer with which the callbacks may reach the whole queue.
    fn as_csq(&self) -> *mut IO_CSQ {
        (&raw const *self).cast_mut().cast()
    }
}

impl Default for CancelSafeQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for CancelSafeQueue {
    /// A queue whose memory goes away with IRPs in it would be used again by their cancel
    /// routines; stopping here is better.
    fn drop(&mut self) {
        if self.account.get_mut().tally.pending != 0 {
            list::fail_fast();
        }
    }
}
