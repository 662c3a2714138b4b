//! A queue for drivers that need no discipline of their own: first in, first out, for any number of handles.

use core::cell::Cell;
use core::convert::Infallible;
use core::marker::PhantomData;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};

use pin_project_lite::pin_project;

use super::arriving::{Arriving, Place};
use super::domain::Domain;
use super::insert::Outcome;
use super::list::{Entry, InOwner, InQueue, List};
use super::lock::{Held, Lock, Memory};
use super::queue::{Discipline, Queue};
use super::search::Search;
use super::slots::Slot;
use crate::call::Call;
use crate::device::{Device, Driven};
use crate::irp::{Dispatched, Irp};
use crate::state::{Dequeued, Kind};
use crate::status::NtStatus;

/// A device that keeps requests of a kind in a [`Fifo`].
pub trait Pends<K: Kind>: Device {
    /// What a handle has for it, of its state.
    fn own(file: Pin<&Self::File>) -> Pin<&Own<Self, K>>;

    /// A request has come in. A device that has something to answer it with does that here: the thread that sent
    /// it cannot.
    ///
    /// # Context
    ///
    /// `DISPATCH_LEVEL`, in a deferred procedure call. The device stays meanwhile. One call can be for several requests.
    fn arrived(self: Pin<&Self>, _call: &mut Call) {}

    /// Whether [`arrived`](Self::arrived) is there to be called.
    const IS_TOLD: bool = false;
}

/// A device that keeps nothing else for a handle.
impl<D: Device<File = Own<D, K>>, K: Kind> Pends<K> for D {
    fn own(file: Pin<&Own<D, K>>) -> Pin<&Own<D, K>> {
        file
    }
}

pin_project! {
    /// A queue, its lock, and what that guards. The device names it in [`Device::queues`].
    pub struct Fifo<D, K>
    where
        D: Pends<K>,
        K: Kind,
    {
        #[pin]
        lock: Lock<Arrivals<D, K>>,
        #[pin]
        queue: Queue<Arrivals<D, K>>,
        // How many IRPs it takes at once.
        room: u32,
    }
}

pin_project! {
    /// What a device with a [`Fifo`] keeps for a handle: its [`Device::File`], or a part of it.
    pub struct Own<D, K> {
        #[pin]
        requests: List<Arrivals<D, K>, InOwner>,
        // Guarded by the lock of the queue that has them.
        is_closing: AtomicBool,
    }
}

impl<D, K> Own<D, K> {
    /// For a new handle.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "const")]
    pub const fn new() -> Self {
        Self {
            requests: List::new(),
            is_closing: AtomicBool::new(false),
        }
    }
}

/// The discipline: by order of arrival.
pub struct Arrivals<D, K>(PhantomData<fn() -> (D, K)>);

pin_project! {
    /// What the lock guards.
    pub struct State<D, K> {
        #[pin]
        pending: List<Arrivals<D, K>, InQueue>,
        // Those that came while their handle or the device was closing.
        #[pin]
        ending: List<Arrivals<D, K>, InQueue>,
        is_purged: Cell<bool>,
    }
}

/// What to look for.
pub enum Wanted<'call, D, K> {
    /// The oldest.
    Next,
    /// One of a handle.
    Own(Pin<&'call Own<D, K>>),
    /// One that came too late.
    Late,
}

impl<D: Pends<K>, K: Kind> Domain for Arrivals<D, K> {
    type Device = D;
    type Kind = K;
    type State = State<D, K>;
    type Request = ();
}

impl<D: Pends<K>, K: Kind> Discipline for Arrivals<D, K> {
    type Domain = Self;
    type Insert<'call> = ();
    type Refusal = Infallible;
    type Peek<'call> = Wanted<'call, D, K>;
    type Note = ();

    fn admit(
        held: &mut Held<'_, Self>,
        file: Pin<&D::File>,
        (): &(),
        (): &mut (),
    ) -> Result<(), NtStatus> {
        if held.state().is_purged.get() {
            Err(NtStatus::DEVICE_REMOVED)
        } else if D::own(file).is_closing.load(Ordering::Relaxed) {
            Err(NtStatus::FILE_CLOSED)
        } else {
            Ok(())
        }
    }

    fn abandon(_: &mut Held<'_, Self>, _: Pin<&D::File>, _: &Slot<()>, (): &mut ()) {}

    fn insert<'h>(
        held: &mut Held<'h, Self>,
        irp: &mut Arriving<'h, Self>,
        context: &mut (),
    ) -> Result<Place<'h, Self>, Infallible> {
        let is_late = Self::admit(held, irp.file(), &(), context).is_err();
        let state = held.state().project_ref();
        let list = if is_late { state.ending } else { state.pending };
        if is_late || D::IS_TOLD {
            irp.attend();
        }
        Ok(Place {
            list,
            own: D::own(irp.file()).project_ref().requests,
        })
    }

    fn peek<'s, 'h: 's, 'call: 's>(
        held: &mut Held<'h, Self>,
        wanted: &mut Wanted<'call, D, K>,
    ) -> Search<'s, Self> {
        let state = held.state().project_ref();
        match wanted {
            Wanted::Next => Search::In(state.pending),
            Wanted::Own(own) => Search::Own(own.project_ref().requests),
            Wanted::Late => Search::In(state.ending),
        }
    }

    fn remove<'h>(
        _held: &mut Held<'h, Self>,
        _irp: Entry<'h, Self>,
        _wanted: Option<&mut Wanted<'_, D, K>>,
    ) {
    }

    fn canceled(irp: Irp<D, Dequeued<'_, K>>, _note: Option<()>) {
        irp.complete(NtStatus::CANCELLED);
    }

    /// Ends what came too late, and tells the device that something came.
    fn attend(queue: Pin<&Queue<Self>>, device: Pin<&D>, call: &mut Call) {
        while let Some((irp, ())) = queue.remove(call, &mut Wanted::Late) {
            irp.complete(NtStatus::CANCELLED);
        }
        if D::IS_TOLD {
            device.arrived(call);
        }
    }
}

impl<D: Pends<K>, K: Kind> Fifo<D, K> {
    /// A queue that takes so many IRPs at once, from the start of its device on.
    #[must_use]
    pub fn new(room: u32) -> Self {
        Self {
            lock: Lock::new(State {
                pending: List::new(),
                ending: List::new(),
                is_purged: Cell::new(false),
            }),
            queue: Queue::new(),
            room,
        }
    }

    /// Keeps an IRP until it is retrieved or canceled, or its handle or the device goes away.
    pub fn pend(
        irp: Irp<D, K>,
        call: &mut Call,
        queue: impl FnOnce(Pin<&D>) -> Pin<&Self>,
    ) -> Dispatched {
        match irp.insert(
            call,
            |device| queue(device).project_ref().queue,
            None,
            &mut (),
        ) {
            Outcome::Pended(dispatched) => dispatched,
            Outcome::Rejected(irp, status) => irp.complete(call, status),
        }
    }

    /// Removes the oldest IRP, to be completed.
    #[must_use = "an IRP that was removed must be completed"]
    pub fn retrieve_next<'call>(
        self: Pin<&Self>,
        call: &'call mut Call,
    ) -> Option<Irp<D, Dequeued<'call, K>>> {
        let removed = self.project_ref().queue.remove(call, &mut Wanted::Next);
        removed.map(|(irp, ())| irp)
    }
}

impl<D: Pends<K>, K: Kind> Driven<D> for Fifo<D, K> {
    fn register(self: Pin<&Self>, device: Pin<&D>) -> Result<(), NtStatus> {
        let this = self.project_ref();
        this.queue.register(device, this.lock)
    }

    fn make_room(self: Pin<&Self>, call: &mut Call) -> Result<(), NtStatus> {
        let memory = Memory::try_new(self.room, 1)?;
        self.project_ref().lock.provide(call, memory);
        Ok(())
    }

    fn close(self: Pin<&Self>, file: Pin<&D::File>, call: &mut Call) {
        let (this, own) = (self.project_ref(), D::own(file));
        let requests = own.project_ref().requests;
        let has_some = this.lock.hold(call, |held| {
            own.is_closing.store(true, Ordering::Relaxed);
            // A device with two queues of a kind may keep the requests of this handle in the other.
            requests.is_with(&held.own_links)
        });
        while has_some && let Some((irp, ())) = this.queue.remove(call, &mut Wanted::Own(own)) {
            irp.complete(NtStatus::CANCELLED);
        }
    }

    fn purge(self: Pin<&Self>, call: &mut Call) {
        let lock = self.project_ref().lock;
        lock.hold(call, |held| held.state().is_purged.set(true));
        while let Some(irp) = self.retrieve_next(call) {
            irp.complete(NtStatus::DEVICE_REMOVED);
        }
    }

    fn release(self: Pin<&Self>, call: &mut Call) {
        self.project_ref().lock.withdraw(call);
    }
}
