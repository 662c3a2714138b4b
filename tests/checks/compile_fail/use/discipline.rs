// A queue with a discipline of its own: two lists by the first byte of the input, the urgent one first; a limit for
// each handle; and a name by which one of its own can be canceled.

use core::cell::Cell;
use core::convert::Infallible;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering};

use pin_project_lite::pin_project;
use wdm::csq::{
    Arriving, Discipline, Domain, Entry, Held, InOwner, InQueue, List, Place, Queue, Search, Slot,
};
use wdm::{Call, Control, Dequeued, Device, Irp, NtStatus};

/// What a device of this kind keeps for a handle.
pub trait Handle<G> {
    /// Its requests.
    fn requests(self: Pin<&Self>) -> Pin<&List<G, InOwner>>;
    /// How many there are. Guarded by the lock.
    fn count(&self) -> &AtomicU32;
}

/// The domain and the discipline of a device's requests.
pub struct Urgent<D>(core::marker::PhantomData<fn() -> D>);

pin_project! {
    /// What the lock guards.
    pub struct State<D> {
        #[pin]
        urgent: List<Urgent<D>, InQueue>,
        #[pin]
        other: List<Urgent<D>, InQueue>,
        handled: Cell<u64>,
    }
}

/// What to remove.
pub enum Wanted<'call, F> {
    /// The next.
    Next,
    /// One of a handle, by its id.
    Own(Pin<&'call F>, u64),
}

impl<D: Device> Domain for Urgent<D>
where
    D::File: Handle<Self>,
{
    type Device = D;
    type Kind = Control;
    type State = State<D>;
    type Request = Cell<u64>;
}

impl<D: Device> Discipline for Urgent<D>
where
    D::File: Handle<Self>,
{
    type Domain = Self;
    type Insert<'call> = ();
    type Refusal = Infallible;
    type Peek<'call> = Wanted<'call, D::File>;
    type Note = u64;

    fn admit(
        held: &mut Held<'_, Self>,
        file: Pin<&D::File>,
        request: &Cell<u64>,
        (): &mut (),
    ) -> Result<(), NtStatus> {
        if file.count().load(Ordering::Relaxed) >= 8 {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        file.count().fetch_add(1, Ordering::Relaxed);
        request.set(held.state().handled.get());
        Ok(())
    }

    fn abandon(_: &mut Held<'_, Self>, file: Pin<&D::File>, _: &Slot<Cell<u64>>, (): &mut ()) {
        file.count().fetch_sub(1, Ordering::Relaxed);
    }

    fn insert<'h>(
        held: &mut Held<'h, Self>,
        irp: &mut Arriving<'h, Self>,
        (): &mut (),
    ) -> Result<Place<'h, Self>, Infallible> {
        Ok(Place {
            list: held.state().project_ref().other,
            own: irp.file().requests(),
        })
    }

    fn peek<'s, 'h: 's, 'call: 's>(
        held: &mut Held<'h, Self>,
        wanted: &mut Wanted<'call, D::File>,
    ) -> Search<'s, Self> {
        let state = held.state().project_ref();
        // What has come since is sorted first.
        while let Some(entry) = state.other.first(&held.links)
            && entry.input_bytes::<1>(0) == [1]
        {
            state.urgent.push(&mut held.links, entry);
        }
        match *wanted {
            Wanted::Next if state.urgent.is_empty(&held.links) => Search::In(state.other),
            Wanted::Next => Search::In(state.urgent),
            Wanted::Own(file, id) => match held.find(id) {
                Some(entry) if core::ptr::eq(&raw const *entry.file(), &raw const *file) => {
                    Search::This(entry)
                }
                _ => Search::Nothing,
            },
        }
    }

    fn remove<'h>(
        held: &mut Held<'h, Self>,
        irp: Entry<'h, Self>,
        _wanted: Option<&mut Wanted<'_, D::File>>,
    ) -> u64 {
        let handled = &held.state().get_ref().handled;
        handled.set(handled.get() + 1);
        irp.file().count().fetch_sub(1, Ordering::Relaxed);
        irp.slot().id()
    }

    fn canceled(irp: Irp<D, Dequeued<'_>>, _id: Option<u64>) {
        irp.complete(NtStatus::CANCELLED);
    }

    fn attend(queue: Pin<&Queue<Self>>, _device: Pin<&D>, call: &mut Call) {
        if let Some((mut irp, id)) = queue.remove(call, &mut Wanted::Next) {
            let _ = irp.answer(&id.to_le_bytes());
            irp.complete(NtStatus::SUCCESS);
        }
    }
}
