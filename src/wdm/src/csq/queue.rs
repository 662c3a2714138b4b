//! `IO_CSQ`, what belongs to it, and the discipline that decides what its callbacks do.

// UNSAFETY: calls IoCsq*, which keeps pointers.
#![expect(
    unsafe_code,
    reason = "shares memory with the kernel and its callbacks"
)]

use core::cell::UnsafeCell;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::arriving::{Arriving, Place};
use super::domain::Domain;
use super::list::Entry;
use super::lock::{Held, Lock};
use super::search::Search;
use super::slots::Slot;
use crate::call::Call;
use crate::device::Device;
use crate::irp::Irp;
use crate::state::Dequeued;
use crate::status::NtStatus;
use crate::sys::{IO_CSQ, IRP, IoCsqRemoveNextIrp, KDPC, PIO_CSQ, driver_context};

/// What a queue's callbacks decide.
///
/// # Context
///
/// Functions that are given a [`Held`] run with the lock held, at `DISPATCH_LEVEL`: they link, count and copy,
/// and do not wait, allocate or complete (INV-15, INV-42).
pub trait Discipline: Sized + 'static {
    /// What the queue shares its lock with.
    type Domain: Domain;
    /// What an inserting thread says and learns.
    type Insert<'call>;
    /// Why an IRP is not taken. A queue that takes every IRP, whose refusal is `Infallible`, is registered by
    /// `IoCsqInitialize`, any other by `IoCsqInitializeEx`.
    type Refusal;
    /// What a removing thread looks for.
    type Peek<'call>;
    /// What the owner of an IRP that has left is told; at most two words.
    type Note: Copy + 'static;

    /// With what an IRP is rejected for which there is no slot.
    const FULL: NtStatus = NtStatus::INSUFFICIENT_RESOURCES;

    /// Lets an IRP of this handle come in, before anything is done for it. There is a slot for it (TR-24), of
    /// which `request` is kept.
    ///
    /// # Errors
    ///
    /// The status with which it is rejected. Nothing has changed then.
    fn admit(
        held: &mut Held<'_, Self::Domain>,
        file: Pin<&FileOf<Self>>,
        request: &<Self::Domain as Domain>::Request,
        context: &mut Self::Insert<'_>,
    ) -> Result<(), NtStatus>;

    /// Undoes [`admit`](Self::admit) for an IRP that was canceled before it was inserted.
    fn abandon(
        held: &mut Held<'_, Self::Domain>,
        file: Pin<&FileOf<Self>>,
        slot: &Slot<<Self::Domain as Domain>::Request>,
        context: &mut Self::Insert<'_>,
    );

    /// Says where an IRP goes: `CsqInsertIrp`, `CsqInsertIrpEx`.
    ///
    /// # Errors
    ///
    /// The refusal. What [`admit`](Self::admit) did is undone by then (INV-16).
    fn insert<'h>(
        held: &mut Held<'h, Self::Domain>,
        irp: &mut Arriving<'h, Self::Domain>,
        context: &mut Self::Insert<'_>,
    ) -> Result<Place<'h, Self::Domain>, Self::Refusal>;

    /// Says where to look for the IRP to remove: `CsqPeekNextIrp`. Asked again while those that are found are
    /// being canceled.
    fn peek<'s, 'h: 's, 'call: 's>(
        held: &mut Held<'h, Self::Domain>,
        context: &mut Self::Peek<'call>,
    ) -> Search<'s, Self::Domain>;

    /// An IRP leaves: `CsqRemoveIrp`. Either `context` was looking for it, or it is canceled, or its time is
    /// over. Returns what its owner will be told.
    fn remove<'h>(
        held: &mut Held<'h, Self::Domain>,
        irp: Entry<'h, Self::Domain>,
        context: Option<&mut Self::Peek<'_>>,
    ) -> Self::Note;

    /// Completes an IRP that is canceled, or whose time is over: `CsqCompleteCanceledIrp`. Without a note, it
    /// was canceled before it was inserted (INV-18).
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`. The lock may be held, so there is no `Call` (INV-50).
    fn canceled(irp: Irp<DeviceOf<Self>, Dequeued<'_, KindOf<Self>>>, note: Option<Self::Note>);

    /// The time of an IRP is over. It is removed after this. Without an entry it is on its way into the
    /// queue: then the discipline notes it in `request`, and [`insert`](Self::insert) finds that there.
    fn expired<'h>(
        _held: &mut Held<'h, Self::Domain>,
        _request: &'h <Self::Domain as Domain>::Request,
        _irp: Option<Entry<'h, Self::Domain>>,
    ) {
    }

    /// Does what [`Arriving::attend`] asked for, or what [`expired`](Self::expired) left to do.
    ///
    /// # Context
    ///
    /// `DISPATCH_LEVEL`, in a deferred procedure call. The device stays meanwhile.
    fn attend(_queue: Pin<&Queue<Self>>, _device: Pin<&DeviceOf<Self>>, _call: &mut Call) {}
}

/// The device of a discipline.
pub(super) type DeviceOf<Q> = <<Q as Discipline>::Domain as Domain>::Device;
/// The kind of the IRPs of a discipline.
pub(super) type KindOf<Q> = <<Q as Discipline>::Domain as Domain>::Kind;
/// The state of a handle of it.
pub(super) type FileOf<Q> = <DeviceOf<Q> as Device>::File;

/// A cancel-safe queue, part of a device.
///
/// # Invariants
///
/// Once `lock` is set, the queue is registered; device, lock and queue are in one device extension, so they
/// stay while an IRP of the device does (INV-01).
#[repr(C)]
pub struct Queue<Q: Discipline> {
    /// First, so that a callback gets from its `PIO_CSQ` to the queue (INV-03).
    csq: UnsafeCell<IO_CSQ>,
    pub(super) lock: AtomicPtr<Lock<Q::Domain>>,
    pub(super) device: AtomicPtr<DeviceOf<Q>>,
    /// Whether somebody registers it, or has.
    pub(super) is_claimed: AtomicBool,
    /// Calls [`Discipline::attend`].
    pub(super) attention: UnsafeCell<KDPC>,
    _pinned: PhantomPinned,
}

// SAFETY: the two cells are the kernel's; the rest is atomic.
unsafe impl<Q: Discipline> Send for Queue<Q> {}
// SAFETY: shared, it gives away what is atomic, and addresses for the kernel.
unsafe impl<Q: Discipline> Sync for Queue<Q> {}

/// An IRP that has left a queue, and what its discipline says of it.
pub type Removed<'call, Q> = (
    Irp<DeviceOf<Q>, Dequeued<'call, KindOf<Q>>>,
    <Q as Discipline>::Note,
);

impl<Q: Discipline> Queue<Q> {
    /// A queue that takes nothing before it is [registered](Self::register).
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "as every other kernel object here"
    )]
    pub fn new() -> Self {
        Self {
            csq: UnsafeCell::default(),
            lock: AtomicPtr::new(null_mut()),
            device: AtomicPtr::new(null_mut()),
            is_claimed: AtomicBool::new(false),
            attention: UnsafeCell::default(),
            _pinned: PhantomPinned,
        }
    }

    /// `IoCsqRemoveNextIrp`: removes what `context` is after, if that is not being canceled.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`. Whoever has an IRP of somebody else's is not suspended and takes no lock, so the
    /// call is borrowed until the IRP is complete.
    #[must_use = "an IRP that was removed must be completed"]
    #[inline]
    pub fn remove<'call>(
        self: Pin<&Self>,
        _call: &'call mut Call,
        context: &mut Q::Peek<'_>,
    ) -> Option<Removed<'call, Q>> {
        if self.lock.load(Ordering::Acquire).is_null() {
            return None;
        }
        // SAFETY: registered. The lock is not held: the call is not borrowed.
        let irp = unsafe { IoCsqRemoveNextIrp(self.as_csq(), (&raw mut *context).cast()) };
        // SAFETY: the queue has given it up.
        NonNull::new(irp).map(|irp| unsafe { removed::<Q>(irp) })
    }

    pub(super) const fn as_csq(&self) -> PIO_CSQ {
        self.csq.get()
    }

    /// The queue of an `IO_CSQ`.
    ///
    /// # Safety
    ///
    /// `csq` is of a queue with this discipline, whose device stays for `'a`.
    #[inline]
    pub(super) unsafe fn of<'a>(csq: PIO_CSQ) -> &'a Self {
        // SAFETY: the `IO_CSQ` is the first field.
        unsafe { &*csq.cast::<Self>() }
    }

    /// The lock of a registered queue, by its `IO_CSQ`.
    ///
    /// # Safety
    ///
    /// As for [`of`](Self::of); the queue is registered.
    #[inline]
    pub(super) unsafe fn lock_of<'a>(csq: PIO_CSQ) -> &'a Lock<Q::Domain> {
        // SAFETY: `csq` is the first field of a queue of this discipline.
        let queue: &'a Self = unsafe { Self::of(csq) };
        // SAFETY: the kernel has that `IO_CSQ` from `register`.
        unsafe { queue.lock() }
    }

    /// The lock of a registered queue.
    ///
    /// # Safety
    ///
    /// It is registered, and its device stays for `'a`.
    #[inline]
    pub(super) unsafe fn lock<'a>(&self) -> &'a Lock<Q::Domain> {
        let lock = self.lock.load(Ordering::Relaxed);
        // SAFETY: set when it was registered; beside the queue in a device that stays.
        unsafe { &*lock }
    }
}

/// Writes the note for the owner of an IRP that leaves.
///
/// # Safety
///
/// `irp` is in no list any more, and its queue's lock is held.
#[inline]
pub(super) unsafe fn leave<Q: Discipline>(irp: NonNull<IRP>, note: Q::Note) {
    const {
        assert!(size_of::<Q::Note>() <= size_of::<[usize; 2]>());
        assert!(align_of::<Q::Note>() <= align_of::<usize>());
    };
    // SAFETY: the caller's IRP.
    let words = unsafe { driver_context(irp.as_ptr()) };
    // SAFETY: two of the four words are enough.
    unsafe { words.cast::<Q::Note>().write(note) };
    // SAFETY: another of those words; the note is in the first two.
    unsafe { (*words)[2] = null_mut() };
}

/// An IRP that has left, and its note.
///
/// # Safety
///
/// The queue has given up the IRP after [`leave`]; it is given to one owner.
#[inline]
pub(super) unsafe fn removed<'call, Q: Discipline>(irp: NonNull<IRP>) -> Removed<'call, Q> {
    // SAFETY: the caller's IRP.
    let words = unsafe { driver_context(irp.as_ptr()) };
    // SAFETY: `leave` has written one.
    let note = unsafe { words.cast::<Q::Note>().read() };
    // SAFETY: the caller's IRP, pended, with the remove-lock reference of its dispatch call.
    (unsafe { Irp::from_raw(irp) }, note)
}
