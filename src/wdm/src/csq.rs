//! The cancel-safe queues: requests in the order of their arrival, any of which may be canceled at
//! any time, on their way from a client to a server.
//!
//! ```text
//!  client ─► [pending: IoCsqInitialize] ──► [claimed: IoCsqInitializeEx] ─► answered by the server
//!                    ▲    ▲ └────────────────────────── answered in passing
//!                    │    └── back, when the server goes away
//!  server ─► [waiting: IoCsqInitialize]       claims that wait for a request
//! ```
//!
//! The kernel's `IoCsq*` routines do the locking and own the races with cancellation; this module
//! supplies the callbacks they want ([`callbacks`]) and an interface that cannot be used wrongly.
//! See "Cancel-Safe IRP Queues":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/cancel-safe-irp-queues>.
//!
//! The three queues share one lock. That makes each step from one to another, and every account of
//! them, one event: there is no instant at which a request is in two places or in none.
//!
//! | file | what it is about |
//! |---|---|
//! | [`slot`] | what is kept for one IRP: its place, its fate, its id |
//! | [`serving`], [`timeout`] | and of those that are claimed, or have a timer |
//! | [`slot_table`] | all of those, and which are free |
//! | [`callbacks`], [`locked`], [`peek`] | what runs under the lock |
//! | [`insertion`] | what an inserting thread learns |
//! | [`admission`] | the ways in |
//! | [`passage`] | from queue to queue, and out with an answer |
//! | [`ending`] | every other way out |
//! | [`timer`], [`timeout`] | the way out when time is over |
//! | [`account`], [`events`] | what became of all requests, in numbers and in a trace |
//! | [`apart`] | what processors do not share, in cache lines of its own |
//!
//! # The contract
//!
//! Public sources disagree on the order in which `IoCsqInsertIrp` marks, links and checks an IRP,
//! so nothing here relies on one:
//!
//! | rule | how it is kept |
//! |---|---|
//! | INV-03 callbacks find their queue from the `IO_CSQ` alone | it is the first field of a [`Queue`], which knows the others |
//! | INV-04 the `IO_CSQ` is the kernel's memory | `UnsafeCell`, never read or moved |
//! | INV-10, INV-11, INV-13 after insertion the IRP is gone | every insertion takes it by value; nothing marks it pending but `IoCsqInsertIrp` |
//! | INV-12 everything about an IRP is written before insertion | it has its slot before, and its timer runs |
//! | INV-14 no lock is held at insertion | no lock is ever handed out |
//! | INV-16, INV-17 `IoCsqInsertIrpEx` refuses with an error, and changes nothing | `csq_insert_irp_ex`; the request was marked pending long ago, so it does not matter whether a refusal marks it |
//! | INV-18, INV-19 canceled before or inside insertion | `csq_complete_canceled_irp` works for an IRP that was never linked |
//! | INV-30 to INV-33 peeking goes on strictly after the IRP given | [`peek`] |
//! | INV-35, INV-36 what `IoCsqRemoveIrp` does not return is not touched | [`timeout`]; a timer keeps its slot |
//! | INV-37 the counts equal the lists at every unlock | they change in the callbacks that link and unlink |
//! | INV-40, INV-41 the IRQL to restore is kept by `IoCsq*` | [`crate::spin_lock`] |
//! | INV-43 the lock is held for O(1), or for one handle's own requests | ids name slots; each handle has lists of its own |
//! | INV-50 completing a canceled IRP takes no lock | `csq_complete_canceled_irp`; free slots are in a lock-free stack |
//! | INV-52 each IRP is completed once | [`slot`], "Fate" |
//! | INV-60, INV-63 nothing stays after cleanup or removal has begun | an IRP finds that out under the lock, when it is linked, and ends |
//! | INV-64 no timer is left when the device goes | [`RequestQueues::release_slots`] |

// UNSAFETY: calls IoCsq* and reads what the callbacks write.
#![expect(unsafe_code, reason = "calls the kernel's cancel-safe queue routines")]

mod account;
mod admission;
mod apart;
mod callbacks;
mod ending;
mod events;
mod insertion;
mod locked;
mod passage;
mod peek;
mod serving;
mod slot;
mod slot_table;
mod timeout;
mod timer;

use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use crate::list;
use crate::rundown::Rundown;
use crate::spin_lock::{Guarded, RawSpinLock};
use crate::status::NtStatus;
use crate::sys::{
    IO_CSQ, IoCsqInitialize, IoCsqInitializeEx, KeFlushQueuedDpcs, LIST_ENTRY, PIO_CSQ_INSERT_IRP,
    PIO_CSQ_REMOVE_IRP,
};
use crate::trace::DeviceEvents;

use self::account::Account;
use self::apart::Apart;
use self::locked::{LockGuard, Locked};
use self::slot::Place;
use self::slot_table::{Rows, SlotTable};

pub use self::account::Tally;
pub use self::admission::{Pended, Refusal, Unpended};
pub use self::ending::{Scope, Visit};
pub(crate) use self::ending::{abandon_moving, id, release, status, tag};
pub use self::passage::{Awaited, Unclaimed};

/// The queues of one device.
///
/// New queues have no slots, and take no IRPs before [`provide_slots`](Self::provide_slots). From
/// [`retire`](Self::retire) on, what comes in ends at once.
///
/// # Invariants
///
/// There are slots only once `registered` is set. From then on, each queue's `csq` holds the
/// callbacks of [`callbacks`], and its list is valid. Lists, account and slots are touched as
/// [`slot`] says, mostly with `lock` held. Every linked IRP is marked pending, is owned by its queue,
/// has a slot, and holds a reference to its device's remove lock.
// In this order: what is only read once there are slots; the free slots, which change without the
// lock; what changes with it, and the lock itself, where those who wait for it disturb least; what
// seldom changes.
#[repr(C)]
pub struct RequestQueues {
    events: DeviceEvents,
    handle_limit: AtomicU32,
    /// The generation of a slot that has had no IRP yet.
    generation: AtomicU32,
    registered: AtomicBool,
    pending: Queue,
    claimed: Queue,
    waiting: Queue,
    slots: SlotTable,

    _apart: Apart,
    lists: Lists,
    account: UnsafeCell<Account>,
    lock: RawSpinLock,

    _apart_too: Apart,
    refused: AtomicU64,
    /// Passed by those who hold no reference to the remove lock, to keep the queues and slots.
    visits: Rundown,
    _pinned: PhantomPinned,
}

/// One queue.
#[repr(C)]
struct Queue {
    /// First, so that a callback gets from its `PIO_CSQ` to the queue (INV-03).
    csq: UnsafeCell<IO_CSQ>,
    /// The queues it is one of.
    queues: AtomicPtr<RequestQueues>,
    /// The place of an IRP that is in it.
    place: Place,
}

/// The IRPs of each queue, linked through `Tail.Overlay.ListEntry`. The lock guards the lists.
// The one that every request is in is last: beside the head of the account.
#[repr(C)]
struct Lists {
    waiting: Guarded<LIST_ENTRY>,
    claimed: Guarded<LIST_ENTRY>,
    pending: Guarded<LIST_ENTRY>,
}

/// How many slots a device has, and how many of them one handle may have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For all handles together.
    pub device: u32,
    /// For each.
    pub handle: u32,
    /// The generation that the ids of the first IRPs have.
    pub first_generation: u32,
}

// SAFETY: `lock` guards the lists and the account; the `IO_CSQ`s are the kernel's, which expects
// any processor.
unsafe impl Send for RequestQueues {}
// SAFETY: as above.
unsafe impl Sync for RequestQueues {}

impl RequestQueues {
    /// Queues that must be [`register`](Self::register)ed before they take anything, and write what
    /// becomes of requests to `events`.
    #[must_use]
    pub fn new(events: DeviceEvents) -> Self {
        Self {
            events,
            handle_limit: AtomicU32::new(0),
            generation: AtomicU32::new(0),
            registered: AtomicBool::new(false),
            pending: Queue::new(Place::Pending),
            claimed: Queue::new(Place::Claimed),
            waiting: Queue::new(Place::Waiting),
            slots: SlotTable::new(),
            _apart: Apart::new(),
            lists: Lists::new(),
            account: UnsafeCell::new(Account::new()),
            lock: RawSpinLock::new(),
            _apart_too: Apart::new(),
            refused: AtomicU64::new(0),
            visits: Rundown::new(),
            _pinned: PhantomPinned,
        }
    }

    /// Registers the callbacks: `IoCsqInitialize` and `IoCsqInitializeEx`.
    ///
    /// # Errors
    ///
    /// What those routines return (INV-02); `STATUS_INVALID_DEVICE_REQUEST` for queues that are
    /// registered already.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`. Nobody else uses the queues yet (INV-01).
    pub fn register(self: Pin<&Self>) -> Result<(), NtStatus> {
        if self.registered.load(Ordering::Relaxed) {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        let queues = self.get_ref();
        let Lists {
            pending,
            claimed,
            waiting,
        } = &queues.lists;
        for list in [pending, claimed, waiting] {
            // SAFETY: not registered, so no callback uses the list.
            unsafe { list::initialize(list.as_ptr()) };
        }
        for queue in [&queues.pending, &queues.claimed, &queues.waiting] {
            let all = (&raw const *queues).cast_mut();
            queue.queues.store(all, Ordering::Relaxed);
        }
        queues.pending.register(
            Some(callbacks::csq_insert_irp),
            Some(callbacks::csq_remove_irp),
        )?;
        queues.waiting.register(
            Some(callbacks::csq_insert_claim),
            Some(callbacks::csq_remove_claim),
        )?;
        queues.claimed.register_ex()?;
        self.visits.initialize();
        // INVARIANT: the callbacks are registered and the lists are valid.
        self.registered.store(true, Ordering::Release);
        Ok(())
    }

    /// Makes the slots, unless there are some already.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` when there is no memory, or the limits are zero;
    /// `STATUS_INVALID_DEVICE_REQUEST` for queues that are not registered.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`, before IRPs are put in.
    pub fn provide_slots(self: Pin<&Self>, limits: Limits) -> Result<(), NtStatus> {
        if !self.registered.load(Ordering::Acquire) {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        if !self.slots.is_empty() {
            return Ok(());
        }
        let rows = Rows::try_zeroed(limits.device)?;
        self.handle_limit.store(limits.handle, Ordering::Relaxed);
        // Each IRP gets the generation after the one its slot has had.
        let generation = limits.first_generation.wrapping_sub(1);
        self.generation.store(generation, Ordering::Relaxed);
        self.slots.fill(rows);
        Ok(())
    }

    /// Frees the slots.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`; waits. The device is being removed, its remove lock has been waited
    /// for: no IRP is left, and none will come. Handles may be closed still.
    pub(crate) fn release_slots(self: Pin<&Self>) {
        if self.registered.load(Ordering::Acquire) {
            // SAFETY: at PASSIVE_LEVEL. Timers that had gone off when their requests ended have
            // their routines queued or running; they are over when this returns (INV-64).
            unsafe { KeFlushQueuedDpcs() };
            self.visits.close();
            // SAFETY: no IRP, no timer and no visitor is left.
            unsafe { self.slots.free() };
        }
    }

    /// Reads all counts at one instant.
    #[must_use]
    pub fn tally(self: Pin<&Self>) -> Tally {
        let tally = self.lock().tally();
        Tally {
            refused: self.refused.load(Ordering::Relaxed),
            ..tally
        }
    }
}

impl Queue {
    fn new(place: Place) -> Self {
        Self {
            csq: UnsafeCell::new(IO_CSQ::default()),
            queues: AtomicPtr::new(null_mut()),
            place,
        }
    }

    fn register(
        &self,
        insert: PIO_CSQ_INSERT_IRP,
        remove: PIO_CSQ_REMOVE_IRP,
    ) -> Result<(), NtStatus> {
        // SAFETY: the memory is pinned, so the kernel may keep its address; the callbacks follow
        // the contract of theirs. The pointer is of the whole queue, for the callbacks to use.
        let status = unsafe {
            IoCsqInitialize(
                self.as_csq(),
                insert,
                remove,
                Some(callbacks::csq_peek_next_irp),
                Some(callbacks::csq_acquire_lock),
                Some(callbacks::csq_release_lock),
                Some(callbacks::csq_complete_canceled_irp),
            )
        };
        NtStatus::from_raw(status).ok()
    }

    /// As [`register`](Self::register), for a queue whose insertion can be refused.
    fn register_ex(&self) -> Result<(), NtStatus> {
        // SAFETY: as for `register`.
        let status = unsafe {
            IoCsqInitializeEx(
                self.as_csq(),
                Some(callbacks::csq_insert_irp_ex),
                Some(callbacks::csq_remove_claimed),
                Some(callbacks::csq_peek_next_irp),
                Some(callbacks::csq_acquire_lock),
                Some(callbacks::csq_release_lock),
                Some(callbacks::csq_complete_canceled_irp),
            )
        };
        NtStatus::from_raw(status).ok()
    }

    /// The `IO_CSQ`, by a pointer with which the callbacks may reach the whole queue.
    fn as_csq(&self) -> *mut IO_CSQ {
        (&raw const *self).cast_mut().cast()
    }

    /// The queues it is one of.
    ///
    /// # Safety
    ///
    /// They have been registered, and are alive.
    unsafe fn queues<'queue>(&self) -> &'queue RequestQueues {
        // SAFETY: by the caller; set by `register`.
        unsafe { &*self.queues.load(Ordering::Relaxed) }
    }
}

impl Lists {
    fn new() -> Self {
        Self {
            pending: Guarded::new(LIST_ENTRY::default()),
            claimed: Guarded::new(LIST_ENTRY::default()),
            waiting: Guarded::new(LIST_ENTRY::default()),
        }
    }

    /// The head of the list of a queue.
    const fn of(&self, queue: &Queue) -> *mut LIST_ENTRY {
        match queue.place {
            Place::Claimed => self.claimed.as_ptr(),
            Place::Waiting => self.waiting.as_ptr(),
            _ => self.pending.as_ptr(),
        }
    }
}

impl Drop for RequestQueues {
    /// Queues whose memory goes away with IRPs in them would be used again by their cancel
    /// routines; stopping here is better.
    fn drop(&mut self) {
        if !self.account.get_mut().is_settled() {
            list::fail_fast();
        }
    }
}
