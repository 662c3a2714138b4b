//! `IoCsqInitialize`, `IoCsqInitializeEx`, and the six callbacks, in the order of the routines' parameters.
//!
//! What a queue's discipline decides is asked under the lock; everything else is here.

// UNSAFETY: is called by IoCsq* with raw pointers.
#![expect(unsafe_code, reason = "callbacks from the kernel over intrusive lists")]

use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use super::arrival::{Arrival, Progress};
use super::arriving::Arriving;
use super::list::{self, Entry};
use super::lock::{Held, Lock};
use super::queue::{DeviceOf, Discipline, Queue, leave, removed};
use crate::call::Call;
use crate::device_object::is_within;
use crate::status::NtStatus;
use crate::sys::{
    IoCsqInitialize, IoCsqInitializeEx, KDPC, KIRQL, KeInitializeDpc, KeInsertQueueDpc, NTSTATUS,
    PIO_CSQ, PIRP, PKDEFERRED_ROUTINE, PKIRQL, PVOID, STATUS_CANCELLED, STATUS_SUCCESS,
    driver_context,
};

impl<Q: Discipline> Queue<Q> {
    /// Registers the queue with the kernel. From then on it takes IRPs.
    ///
    /// # Errors
    ///
    /// What the routine returns (INV-02); `STATUS_INVALID_DEVICE_REQUEST` if it is registered already, or is
    /// not with its lock in one device.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`, from [`Device::initialize`](crate::Device::initialize).
    pub fn register(
        self: Pin<&Self>,
        device: Pin<&DeviceOf<Q>>,
        lock: Pin<&Lock<Q::Domain>>,
    ) -> Result<(), NtStatus> {
        let (this, device, lock) = (self.get_ref(), device.get_ref(), lock.get_ref());
        let is_inside = is_within(device, this) && is_within(device, lock);
        if !is_inside || this.is_claimed.swap(true, Ordering::Acquire) {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        let routine: PKDEFERRED_ROUTINE = Some(attend::<Q>);
        // SAFETY: not queued yet, and pinned.
        unsafe { KeInitializeDpc(this.attention.get(), routine, this.as_csq().cast()) };
        // SAFETY: not registered before, and pinned, so the kernel may keep the address.
        NtStatus::check(unsafe { initialize::<Q>(this.as_csq()) })?;
        let (device, lock) = (
            (&raw const *device).cast_mut(),
            (&raw const *lock).cast_mut(),
        );
        this.device.store(device, Ordering::Relaxed);
        // INVARIANT: all three are in one device.
        this.lock.store(lock, Ordering::Release);
        Ok(())
    }
}

/// Gives the kernel the callbacks below.
///
/// # Safety
///
/// `csq` stays where it is while it is used.
unsafe fn initialize<Q: Discipline>(csq: PIO_CSQ) -> NTSTATUS {
    if const { takes_every_irp::<Q>() } {
        // SAFETY: by the caller; the callbacks keep their contracts.
        unsafe {
            IoCsqInitialize(
                csq,
                Some(csq_insert_irp::<Q>),
                Some(csq_remove_irp::<Q>),
                Some(csq_peek_next_irp::<Q>),
                Some(csq_acquire_lock::<Q>),
                Some(csq_release_lock::<Q>),
                Some(csq_complete_canceled_irp::<Q>),
            )
        }
    } else {
        // SAFETY: `csq` stays where it is; the callbacks keep their contracts.
        unsafe {
            IoCsqInitializeEx(
                csq,
                Some(csq_insert_irp_ex::<Q>),
                Some(csq_remove_irp::<Q>),
                Some(csq_peek_next_irp::<Q>),
                Some(csq_acquire_lock::<Q>),
                Some(csq_release_lock::<Q>),
                Some(csq_complete_canceled_irp::<Q>),
            )
        }
    }
}

/// Whether a discipline refuses nothing: its refusal has no value.
pub(super) const fn takes_every_irp<Q: Discipline>() -> bool {
    size_of::<Result<(), Q::Refusal>>() == 0
}

/// `IO_CSQ_INSERT_IRP`: links an IRP where the discipline says. It cannot fail.
///
/// # Context
///
/// `DISPATCH_LEVEL`, the lock held. The IRP is the kernel's, on its way into the queue.
///
/// # Safety
///
/// Called by `IoCsqInsertIrp`, as [`Irp::insert`](crate::Irp::insert) calls that.
unsafe extern "C" fn csq_insert_irp<Q: Discipline>(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: the inserting thread's IRP.
    let words = unsafe { driver_context(irp) };
    // SAFETY: words of that IRP.
    let arrival = unsafe { (*words)[2] };
    // SAFETY: `insert` put it there.
    let _ = unsafe { csq_insert_irp_ex::<Q>(csq, irp, arrival) };
}

/// `IO_CSQ_INSERT_IRP_EX`: links an IRP, or returns an error and has changed nothing (INV-16, TR-22).
///
/// # Context
///
/// As for [`csq_insert_irp`].
///
/// # Safety
///
/// Called by `IoCsqInsertIrpEx`, as [`Irp::insert`](crate::Irp::insert) calls that, with its `Arrival`.
unsafe extern "C" fn csq_insert_irp_ex<Q: Discipline>(
    csq: PIO_CSQ,
    irp: PIRP,
    arrival: PVOID,
) -> NTSTATUS {
    // SAFETY: a queue with this discipline; the IRP's reference keeps its device.
    let queue = unsafe { Queue::<Q>::of(csq) };
    // SAFETY: registered.
    let lock = unsafe { queue.lock() };
    // SAFETY: held, and no other `Held` of it is in use: the kernel calls one callback at a time.
    let mut held = unsafe { Held::assume(lock) };
    // SAFETY: on the stack of the thread that runs this, and not borrowed by it meanwhile.
    let arrival = unsafe { &mut *arrival.cast::<Arrival<'_, '_, Q>>() };
    let mut arriving = Arriving {
        // SAFETY: the kernel passes no null pointer.
        irp: unsafe { NonNull::new_unchecked(irp) },
        file: arrival.file,
        slot: arrival.slot,
        is_to_attend: false,
    };
    match Q::insert(&mut held, &mut arriving, arrival.context) {
        Ok(place) => {
            let (file, slot) = (arriving.file.get_ref(), arriving.slot);
            slot.file.set((&raw const *file).cast());
            let links = (&mut held.links, &mut held.own_links);
            // SAFETY: being inserted, with its slot.
            unsafe { list::link(links, place.list, place.own, slot, irp) };
            arrival.progress = Progress::Linked;
            if arriving.is_to_attend {
                // SAFETY: initialized. The IRP's reference keeps the device until it is complete, and
                // removal then waits for the routine, which is queued by then.
                unsafe { KeInsertQueueDpc(queue.attention.get(), null_mut(), null_mut()) };
            }
            STATUS_SUCCESS
        }
        Err(refusal) => {
            held.slots().vacate(arrival.slot);
            arrival.progress = Progress::Refused(refusal);
            STATUS_CANCELLED
        }
    }
}

/// `IO_CSQ_REMOVE_IRP`: unlinks an IRP and frees its slot.
///
/// # Context
///
/// `DISPATCH_LEVEL`, the lock held. The IRP is in the queue, and from here on the kernel's, which gives it to
/// the thread that removes it.
///
/// # Safety
///
/// Called by `IoCsq*` with an IRP in the queue.
unsafe extern "C" fn csq_remove_irp<Q: Discipline>(csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: the IRP's reference keeps the queue's device.
    let lock = unsafe { Queue::<Q>::lock_of(csq) };
    // SAFETY: held, and no other `Held` of it is in use.
    let mut held = unsafe { Held::assume(lock) };
    // SAFETY: the kernel passes no null pointer.
    let raw = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: in the queue.
    let entry = unsafe { Entry::<Q::Domain>::of(raw) };
    let (found, context) = lock.peeked.replace((null_mut(), null_mut()));
    // SAFETY: of the `Queue::remove` that found it: the lock has been held since.
    let context = (found == irp).then(|| unsafe { &mut *context.cast::<Q::Peek<'_>>() });
    let slot = entry.slot();
    let note = Q::remove(&mut held, entry, context);
    // SAFETY: linked.
    unsafe { list::unlink(irp) };
    // SAFETY: in no list any more.
    unsafe { leave::<Q>(raw, note) };
    held.slots().vacate(slot);
}

/// `IO_CSQ_PEEK_NEXT_IRP`: finds the first IRP, or the first after `irp`, of those that `context` is after.
///
/// # Context
///
/// `DISPATCH_LEVEL`, the lock held. The IRPs stay the queue's.
///
/// # Safety
///
/// Called by `IoCsqRemoveNextIrp`, as [`Queue::remove`] calls that; `irp` is null or what this returned last.
unsafe extern "C" fn csq_peek_next_irp<Q: Discipline>(
    csq: PIO_CSQ,
    irp: PIRP,
    context: PVOID,
) -> PIRP {
    // SAFETY: the thread in `Queue::remove` keeps the queue's device.
    let lock = unsafe { Queue::<Q>::lock_of(csq) };
    // SAFETY: held, and no other `Held` of it is in use.
    let mut held = unsafe { Held::assume(lock) };
    // SAFETY: the `Queue::remove` that this thread is in has borrowed it.
    let wanted = unsafe { &mut *context.cast::<Q::Peek<'_>>() };
    let search = Q::peek(&mut held, wanted);
    // SAFETY: the lock is held; the kernel gives null or what this returned last, which is in the queue still.
    let found = unsafe { search.find_after(&held, NonNull::new(irp)) };
    let found = found.map_or(null_mut(), |entry| entry.irp().as_ptr());
    lock.peeked.set((found, context));
    found
}

/// `IO_CSQ_ACQUIRE_LOCK`.
///
/// # Context
///
/// IRQL <= `DISPATCH_LEVEL`. Returns at `DISPATCH_LEVEL`.
///
/// # Safety
///
/// Called by `IoCsq*`, with a place of its own for the IRQL (INV-40, TR-50).
unsafe extern "C" fn csq_acquire_lock<Q: Discipline>(csq: PIO_CSQ, irql: PKIRQL) {
    // SAFETY: an IRP or a call keeps the queue's device.
    let saved = unsafe { Queue::<Q>::lock_of(csq) }.acquire();
    // SAFETY: the caller's own.
    unsafe { *irql = saved };
}

/// `IO_CSQ_RELEASE_LOCK`.
///
/// # Context
///
/// `DISPATCH_LEVEL`, the lock held. Returns at the IRQL given.
///
/// # Safety
///
/// Called by `IoCsq*`, with what [`csq_acquire_lock`] returned.
unsafe extern "C" fn csq_release_lock<Q: Discipline>(csq: PIO_CSQ, irql: KIRQL) {
    // SAFETY: an IRP or a call keeps the queue's device.
    let lock = unsafe { Queue::<Q>::lock_of(csq) };
    // SAFETY: held since that call.
    unsafe { lock.release(irql) };
}

/// `IO_CSQ_COMPLETE_CANCELED_IRP`: has the discipline complete an IRP. One that was canceled before it was
/// inserted it leaves to the inserting thread, which has yet to free the slot; that thread runs this.
///
/// # Context
///
/// IRQL <= `DISPATCH_LEVEL`, with the lock held or not; takes none (INV-50, TR-10). The IRP is the driver's.
///
/// # Safety
///
/// Called by `IoCsq*`, which gives up the IRP.
unsafe extern "C" fn csq_complete_canceled_irp<Q: Discipline>(_csq: PIO_CSQ, irp: PIRP) {
    // SAFETY: the driver's IRP.
    let words = unsafe { driver_context(irp) };
    // SAFETY: words of that IRP.
    let arrival = unsafe { (*words)[2] };
    if arrival.is_null() {
        // SAFETY: the kernel passes no null pointer.
        let irp = unsafe { NonNull::new_unchecked(irp) };
        // SAFETY: removed, and given up.
        let (irp, note) = unsafe { removed::<Q>(irp) };
        Q::canceled(irp, Some(note));
    } else {
        let arrival = arrival.cast::<Arrival<'_, '_, Q>>();
        // SAFETY: never removed, so it was never linked, and the thread that runs this is inserting it.
        unsafe { (*arrival).progress = Progress::Canceled };
    }
}

/// Calls [`Discipline::attend`].
///
/// # Context
///
/// `DISPATCH_LEVEL`, in any thread. Removal of the device waits for this.
///
/// # Safety
///
/// Called only by the kernel, with an `IO_CSQ` of a registered queue.
unsafe extern "C" fn attend<Q: Discipline>(
    _dpc: *mut KDPC,
    csq: PVOID,
    _first: PVOID,
    _second: PVOID,
) {
    // SAFETY: removal of its device waits for this routine.
    let queue = unsafe { Queue::<Q>::of(csq.cast()) };
    let device = queue.device.load(Ordering::Relaxed);
    // SAFETY: set when the queue was registered.
    let device = unsafe { &*device };
    // SAFETY: an extension does not move.
    let device = unsafe { Pin::new_unchecked(device) };
    // SAFETY: a part of it.
    let queue = unsafe { Pin::new_unchecked(queue) };
    // SAFETY: a deferred procedure call begins with no lock held.
    let mut call = unsafe { Call::at_dispatch_level() };
    Q::attend(queue, device, &mut call);
}
