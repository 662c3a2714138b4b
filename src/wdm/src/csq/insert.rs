//! Pending an IRP: admission, timer, `IoCsqInsertIrp`.

// UNSAFETY: calls IoCsq*.
#![expect(unsafe_code, reason = "gives up an IRP to the kernel and a callback")]

use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use super::arrival::{Arrival, Progress};
use super::callbacks::takes_every_irp;
use super::domain::Domain;
use super::queue::{DeviceOf, Discipline, KindOf, Queue};
use super::timer;
use crate::call::Call;
use crate::device::Device;
use crate::device_object::Fdo;
use crate::file;
use crate::irp::{Dispatched, Irp};
use crate::stack_location::device_object;
use crate::state::{Kind, Refused};
use crate::status::NtStatus;
use crate::sys::{
    IO_CSQ_IRP_CONTEXT, IoCsqInsertIrp, IoCsqInsertIrpEx, PIRP, PVOID, driver_context,
};

/// What became of an IRP that was to be inserted.
#[must_use = "an IRP that was not inserted must be completed"]
pub enum Outcome<Q: Discipline> {
    /// It is the queue's, or complete already. Neither it nor its device may be touched (INV-11).
    Pended(Dispatched),
    /// It was not let in, and is to be completed.
    Rejected(Irp<DeviceOf<Q>, KindOf<Q>>, NtStatus),
    /// The queue has refused it, and it is to be completed.
    Refused(Irp<DeviceOf<Q>, Refused<KindOf<Q>>>, Q::Refusal),
}

impl<D: Device, K: Kind> Irp<D, K> {
    /// Puts the IRP into a queue of its device, for at most `timeout` milliseconds: `IoCsqInsertIrp`, or
    /// `IoCsqInsertIrpEx`. From there on IRP and device are not the caller's any more.
    ///
    /// A rejected IRP has `STATUS_FILE_CLOSED` if it came through no handle of its device,
    /// `STATUS_INVALID_DEVICE_REQUEST` if the queue is not registered, or what the discipline says.
    ///
    /// # Context
    ///
    /// IRQL <= `DISPATCH_LEVEL`, no lock held (INV-14).
    #[inline]
    pub fn insert<Q>(
        self,
        call: &mut Call,
        queue: impl FnOnce(Pin<&D>) -> Pin<&Queue<Q>>,
        timeout: Option<u32>,
        context: &mut Q::Insert<'_>,
    ) -> Outcome<Q>
    where
        Q: Discipline,
        Q::Domain: Domain<Device = D, Kind = K>,
    {
        let raw = self.as_raw();
        // SAFETY: owned.
        let device = unsafe { device_object(raw) };
        // SAFETY: its state is a `D`. The IRP's reference keeps it, until the IRP is given up for good: after
        // that nothing of the device is touched.
        let fdo = unsafe { Fdo::<D>::of(device) };
        // A part of the IRP's own device: for all the function knows, what it is given is gone at any moment.
        let queue = queue(fdo.device()).get_ref();
        let lock = queue.lock.load(Ordering::Acquire);
        if lock.is_null() {
            return Outcome::Rejected(self, NtStatus::INVALID_DEVICE_REQUEST);
        }
        // SAFETY: owned, and then in the queue for as long as the callbacks use this.
        let Some(file) = (unsafe { file::of_irp::<D>(raw) }) else {
            return Outcome::Rejected(self, NtStatus::FILE_CLOSED);
        };
        // SAFETY: set when the queue was registered; beside it in the device.
        let lock = unsafe { &*lock };
        // SAFETY: as the queue, it is in a device extension, which does not move.
        let lock = unsafe { Pin::new_unchecked(lock) };
        let slot = lock.hold(call, |held| {
            let slots = held.slots();
            let slot = slots.take_if(Q::FULL, |request| Q::admit(held, file, request, context));
            slot.map(NonNull::from)
        });
        let slot = match slot {
            // SAFETY: taken for this IRP, and not free before that is gone.
            Ok(slot) => unsafe { &*slot.as_ptr() },
            Err(status) => return Outcome::Rejected(self, status),
        };
        let csq_context = match timeout {
            None => null_mut(),
            // SAFETY: registered; the slot is this IRP's.
            Some(milliseconds) => unsafe { timer::start(queue, slot, milliseconds) },
        };
        let raw = self.into_raw();
        let mut arrival: MaybeUninit<Arrival<'_, '_, Q>> = MaybeUninit::new(Arrival {
            file,
            slot,
            context,
            progress: Progress::Inserting,
        });
        let arrival = arrival.as_mut_ptr();
        // SAFETY: owned until the insertion (INV-12).
        let words = unsafe { driver_context(raw.as_ptr()) };
        // SAFETY: words of that IRP.
        unsafe { (*words)[2] = arrival.cast() };
        // SAFETY: registered; the IRP is owned and given up; no lock is held, because `call` is not
        // borrowed (INV-14). `arrival` stays for the time of the call.
        unsafe { give_up::<Q>(queue, raw.as_ptr(), csq_context, arrival.cast()) };
        // SAFETY: the callbacks are done with it.
        let arrival = unsafe { arrival.read() };
        match arrival.progress {
            Progress::Linked => return Outcome::Pended(Dispatched::pended()),
            Progress::Refused(refusal) if const { !takes_every_irp::<Q>() } => {
                // SAFETY: refused, so it is this thread's again (INV-17).
                let irp = unsafe { Irp::<D, Refused<K>>::mark(raw) };
                return Outcome::Refused(irp, refusal);
            }
            _ => {}
        }
        // The kernel has given it up without inserting it (INV-18, TR-25).
        lock.hold(call, |held| {
            Q::abandon(held, file, slot, arrival.context);
            held.slots().vacate(slot);
        });
        // SAFETY: the callback left it to this thread.
        let irp = unsafe { Irp::from_raw(raw) };
        Q::canceled(irp, None);
        Outcome::Pended(Dispatched::pended())
    }
}

/// `IoCsqInsertIrp`, or `IoCsqInsertIrpEx` for a queue that may refuse. What the latter returns does not say
/// who has the IRP (TR-12, TR-21); what the callbacks did does.
///
/// # Safety
///
/// `queue` is registered; the caller owns `irp`, whose `Arrival` is at `arrival`, and gives it up; no lock is
/// held.
#[inline]
unsafe fn give_up<Q: Discipline>(
    queue: &Queue<Q>,
    irp: PIRP,
    context: *mut IO_CSQ_IRP_CONTEXT,
    arrival: PVOID,
) {
    if const { takes_every_irp::<Q>() } {
        // SAFETY: registered; the IRP is owned and given up, and no lock held (INV-14).
        unsafe { IoCsqInsertIrp(queue.as_csq(), irp, context) };
    } else {
        // SAFETY: registered; the IRP is owned and given up, and no lock held (INV-14). `arrival` outlives the call.
        let _ = unsafe { IoCsqInsertIrpEx(queue.as_csq(), irp, context, arrival) };
    }
}
