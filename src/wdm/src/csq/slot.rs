//! What is kept for one queued IRP, for as long as it is in the driver's hands.
//!
//! ```text
//!            1               2               4
//!  (Vacant) ───► Pending ◄──────► Moving ◄──────► Claimed      Waiting: a claim, in its own queue
//!                   │        3       │       5       │
//!                   └────────────────┴───────────────┴──► Vacant, with its `fate` decided
//! ```
//!
//! 1 `RequestQueues::pend`; 2 `take_pending`, `take_awaited`; 3 `Irp<Moving>::give_back`; 4
//! `Irp<Moving>::claim`; 5 `Visit::give_back_claimed`. Every step is made with the lock held, so a
//! slot's place is always true.
//!
//! # Fate
//!
//! A request may have to end while another thread has it in its hands, between two queues. So who
//! ends it decides its `fate` first, under the lock. The first decision stands; it gives both the
//! status the request ends with and the number it is counted in. A request whose fate is decided
//! does not move any more: it is ended where it is, and a thread that has it in its hands finds
//! that no queue takes it and ends it.

// UNSAFETY: fields that are guarded by ownership of an IRP.
#![expect(unsafe_code, reason = "shared by the queues, a timer and an owner")]

use core::cell::UnsafeCell;
use core::pin::Pin;
use core::ptr::{NonNull, null, null_mut};
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use super::RequestQueues;
use super::account::Ending;
use super::insertion::{Insertion, Outcome};
use crate::file_context::FileContext;
use crate::pool::Zeroable;
use crate::spin_lock::{Guarded, Held};
use crate::status::NtStatus;
use crate::sys::{IRP, NTSTATUS, PIRP, driver_context};

/// A number that is no [`Ending`]'s.
const UNDECIDED: u8 = Ending::Removed as u8 + 1;

/// What two ids of one slot differ by.
const NEXT_GENERATION: u64 = 1 << 32;

/// Which of the four pointers of `DriverContext` names an IRP's slot. `[0]` and `[1]` are a link,
/// and `[3]` is the `IoCsq*` routines' (INV-54).
const SLOT: usize = 2;

/// Where an IRP is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Place {
    /// In no queue, not yet or no longer: the slot is free, or belongs to whoever has the IRP.
    Vacant,
    /// In the pending queue.
    Pending,
    /// In the claimed queue.
    Claimed,
    /// A request in some thread's hands, between two queues.
    Moving,
    /// A claim in the waiting queue.
    Waiting,
}

/// A place for one IRP.
///
/// # Invariants
///
/// In nonpaged memory that stays until the device is removed. A slot that is not free is used by
/// the IRP's owner and by its timer, if that is set; it becomes free when both are done.
// One cache line, for pool of a page or more begins with a page. What only some requests need is in
// `Serving` and `Timing`, elsewhere: of four lines per slot, only every fourth set of a cache would
// be used.
#[repr(C, align(16))]
pub(crate) struct Slot {
    /// Written by the IRP's owner before the first insertion (INV-12), and constant from then on.
    tenant: UnsafeCell<Tenant>,
    /// What is to be told to the thread that inserts the IRP; null once a queue has taken that.
    insertion: UnsafeCell<*const Insertion<'static>>,
    /// The number of its arrival. Requests and claims have numbers of their own.
    pub(super) sequence: Guarded<u64>,
    pub(super) place: Guarded<Place>,
    pub(super) fate: Guarded<Option<Ending>>,
    /// How many use the slot, if the timer is set; 0 if it is not.
    users: AtomicU8,
    /// Whether the IRP is a request, and not a claim, which has no tag. Constant, as `tenant`.
    is_request: Guarded<bool>,
    pub(super) next_free: AtomicU32,
    /// Null until somebody has the slot, and constant from then on.
    queues: UnsafeCell<*const RequestQueues>,
}

/// Whose the slot is.
#[repr(C)]
pub(super) struct Tenant {
    pub(super) irp: PIRP,
    /// The handle it came through, which the IRP keeps.
    pub(super) owner: *const FileContext,
    pub(super) tag: u64,
    /// The name of the IRP: in the upper half, which of those it is that have had the slot, modulo
    /// 2^32; in the lower half, where the slot is in the table. No address, and no other IRP's for
    /// the next 2^32 that have this slot (TR-45, TR-87).
    pub(super) id: u64,
}

const _: () = assert!(size_of::<Slot>() == 64);

// SAFETY: each field is guarded as it says; the pointers are only followed while what they point
// to is kept.
unsafe impl Send for Slot {}
// SAFETY: as above.
unsafe impl Sync for Slot {}

// SAFETY: zeros are null pointers, numbers and a vacant place.
unsafe impl Zeroable for Slot {}
const _: () = assert!(Place::Vacant as u8 == 0 && Ending::Completed as u8 == 0);

impl Slot {
    /// Whether nobody has ever had the slot.
    ///
    /// # Safety
    ///
    /// The caller has taken the slot from the table.
    pub(super) unsafe fn is_fresh(&self) -> bool {
        // SAFETY: by the caller.
        unsafe { *self.queues.get() }.is_null()
    }

    /// Gives the slot, whose memory is zeros, the id before that of its first IRP.
    ///
    /// # Safety
    ///
    /// The caller has taken the slot from the table, as the first one.
    pub(super) unsafe fn initialize(&self, queues: &RequestQueues, id: u64) {
        // SAFETY: by the caller.
        unsafe { *self.queues.get() = queues };
        // SAFETY: by the caller.
        unsafe { (*self.tenant.get()).id = id };
    }

    /// Moves `irp` in: a request with its tag, or a claim.
    ///
    /// # Safety
    ///
    /// The caller has taken the slot from the table, and owns `irp`, which came through `owner`.
    pub(super) unsafe fn occupy(&self, irp: NonNull<IRP>, owner: &FileContext, tag: Option<u64>) {
        // SAFETY: nobody else has the slot: one who looks for an id finds it vacant.
        let tenant = unsafe { &mut *self.tenant.get() };
        tenant.irp = irp.as_ptr();
        tenant.owner = owner;
        tenant.tag = tag.unwrap_or_default();
        // TR-45: an id that was in use does not name this IRP.
        tenant.id = tenant.id.wrapping_add(NEXT_GENERATION);
        // SAFETY: as above.
        unsafe { self.fate.set_unlocked(None) };
        // SAFETY: as above.
        unsafe { self.is_request.set_unlocked(tag.is_some()) };
        // SAFETY: owned by the caller.
        let context = unsafe { driver_context(irp.as_ptr()) };
        // SAFETY: as above.
        unsafe { (*context)[SLOT] = (&raw const *self).cast_mut().cast() };
    }

    /// Says that a timer will use the slot, too.
    ///
    /// # Safety
    ///
    /// The caller has just occupied the slot.
    pub(super) unsafe fn share_with_timer(&self) {
        self.users.store(2, Ordering::Relaxed);
    }

    /// Has the callbacks tell `insertion` what becomes of the IRP.
    ///
    /// # Safety
    ///
    /// The caller owns the slot's IRP and is about to insert it. `insertion` lives until that has
    /// returned.
    pub(super) unsafe fn prepare_insertion(&self, insertion: *const Insertion<'_>) {
        // SAFETY: by the caller.
        unsafe { *self.insertion.get() = insertion.cast() };
    }

    /// The queue has taken the IRP. Returns where to tell more about that, while the lock is
    /// held.
    ///
    /// # Safety
    ///
    /// The caller is the callback that has just linked the IRP.
    pub(super) unsafe fn finish_insertion<'queues>(&self) -> *const Insertion<'queues> {
        // SAFETY: the queue owns the IRP, and the caller holds its lock.
        unsafe { self.insertion.get().replace(null()) }.cast()
    }

    /// The queue does not take the IRP, and gives it back in `outcome`. Returns `status`, for
    /// `IoCsqInsertIrpEx`; who inserts believes `outcome`, because it is not documented what that
    /// routine returns for an IRP that is canceled meanwhile.
    ///
    /// # Safety
    ///
    /// The caller is the callback that is to link the IRP, and does not.
    #[cold]
    pub(super) unsafe fn refuse(&self, outcome: Outcome<'_>, status: NtStatus) -> NTSTATUS {
        // SAFETY: the caller's thread owns the IRP.
        let insertion: *const Insertion<'_> = unsafe { *self.insertion.get() }.cast();
        // SAFETY: not null, and lives until `IoCsqInsertIrpEx` returns.
        unsafe { (*insertion).set(outcome) };
        status.as_raw()
    }

    /// Who inserts the IRP, if no queue has taken it yet.
    ///
    /// # Safety
    ///
    /// The caller is `csq_complete_canceled_irp`, called with the slot's IRP.
    pub(super) unsafe fn insertion(&self) -> Option<&Insertion<'static>> {
        // SAFETY: the caller owns the IRP.
        let insertion = unsafe { *self.insertion.get() };
        // SAFETY: null, or of an insertion that has not returned: no queue has taken the IRP.
        unsafe { insertion.as_ref() }
    }

    /// Who has the slot.
    ///
    /// # Safety
    ///
    /// The caller owns the slot's IRP, or holds the lock and has found the slot not vacant.
    pub(super) unsafe fn tenant(&self) -> &Tenant {
        // SAFETY: nobody writes it, by the caller.
        unsafe { &*self.tenant.get() }
    }

    /// Whether the slot's IRP is a request, and not a claim.
    ///
    /// # Safety
    ///
    /// As for [`tenant`](Self::tenant).
    pub(super) unsafe fn is_request(&self) -> bool {
        // SAFETY: nobody writes it, by the caller.
        unsafe { self.is_request.get_unlocked() }
    }

    /// Whether the timer has been set for the slot's IRP, whose owner asks.
    pub(super) fn is_timed(&self) -> bool {
        // The owner is one of the users that are counted then.
        self.users.load(Ordering::Relaxed) != 0
    }

    /// Whether the slot's IRP has never been in a queue, and its fate is not decided.
    pub(super) fn is_new(&self, held: &Held<'_>) -> bool {
        // The two are neighbors, and compared at once.
        let fate = self.fate.get(held).map_or(UNDECIDED, |ending| ending as u8);
        u16::from_le_bytes([self.place.get(held) as u8, fate])
            == u16::from_le_bytes([Place::Vacant as u8, UNDECIDED])
    }

    /// Whether the slot's IRP has this id. One that is vacant has none (TR-45).
    pub(super) fn has(&self, held: &Held<'_>, id: u64) -> bool {
        // SAFETY: the lock is held, and the slot not vacant.
        self.place.get(held) != Place::Vacant && unsafe { self.tenant() }.id == id
    }

    /// The slot's IRP, if it is the one looked for; otherwise null.
    pub(super) fn irp_if(&self, held: &Held<'_>, found: bool) -> PIRP {
        if found && self.place.get(held) != Place::Vacant {
            // SAFETY: the lock is held, and the slot not vacant.
            unsafe { self.tenant() }.irp
        } else {
            null_mut()
        }
    }

    /// The queues it is a slot of.
    ///
    /// # Safety
    ///
    /// The slot has been initialized.
    pub(super) unsafe fn queues<'queues>(&self) -> Pin<&'queues RequestQueues> {
        // SAFETY: not written any more, by the caller.
        let queues = unsafe { *self.queues.get() };
        // SAFETY: queues outlive their slots.
        let queues = unsafe { &*queues };
        // SAFETY: only pinned queues are given slots.
        unsafe { Pin::new_unchecked(queues) }
    }

    /// The slot of an IRP.
    ///
    /// # Safety
    ///
    /// `irp` has occupied a slot and is alive.
    pub(super) unsafe fn of<'slot>(irp: PIRP) -> &'slot Self {
        // SAFETY: by the caller.
        let context = unsafe { driver_context(irp) };
        // SAFETY: as above; `occupy` wrote it, and nobody else writes it.
        let slot = unsafe { (*context)[SLOT] };
        // SAFETY: slots stay until the device is removed, which waits for the IRP.
        unsafe { &*slot.cast::<Self>() }
    }

    /// So many users are done. Returns whether that were all: then the slot is to be made free.
    pub(super) fn leave(&self, users: u8) -> bool {
        self.users.fetch_sub(users, Ordering::AcqRel) == users
    }

    /// Where the slot is in the table.
    ///
    /// # Safety
    ///
    /// The slot has been initialized, and the caller is one of those that may use it.
    pub(super) unsafe fn index(&self) -> u32 {
        // SAFETY: nobody else occupies it meanwhile, by the caller.
        index_of(unsafe { self.tenant() }.id)
    }
}

/// The half of an id that says where the slot is in the table.
#[expect(clippy::cast_possible_truncation, reason = "the other half")]
pub(super) const fn index_of(id: u64) -> u32 {
    id as u32
}
