//! wdm's queues, lists, slots, lock and timers, as they are shipped, on the host: with Miri, which sees every access
//! to memory (`cargo +nightly miri test --package wdm-host`), or natively.

#![expect(unsafe_code, reason = "calls the entry point of a driver")]

use core::convert::Infallible;
use core::pin::Pin;
use std::collections::BTreeSet;
use std::thread;

// The stand-in, by the name that wdm knows the kernel by.
use pin_project_lite::pin_project;
use wdk_sys::machine::{Device as Machine, Handle, deferred};
use wdm::csq::{
    Arriving, Discipline, Domain, Entry, Fifo, Held, InOwner, InQueue, List, Lock, Memory, Outcome,
    Own, Place, Queue, Search, Slot,
};
use wdm::{Call, Control, Dequeued, Device, Dispatched, Each, Irp, NtStatus};

const PEND: u32 = 0x0022_6000;
const COMPLETE_NEXT: u32 = 0x0022_A004;
const COMPLETE: u32 = 0x0022_A008;

const SUCCESS: i32 = 0;
const CANCELLED: i32 = 0xC000_0120_u32.cast_signed();
const DEVICE_REMOVED: i32 = 0xC000_02B6_u32.cast_signed();
const FULL: i32 = 0xC000_009A_u32.cast_signed();
const NOT_FOUND: NtStatus = NtStatus::from_code(0xC000_0225);

/// Starts a device of kind `D`.
fn start<D: Device>() -> Machine {
    // SAFETY: the stand-in's driver object, once.
    Machine::start(|driver| unsafe { wdm::initialize_driver::<D>(driver.cast()) })
}

// ---- A queue without a discipline of its own ----

pin_project! {
    struct Simple {
        #[pin]
        requests: Fifo<Simple, Control>,
    }
}

impl Device for Simple {
    type File = Own<Self, Control>;

    fn new() -> Self {
        Self {
            requests: Fifo::new(8),
        }
    }

    fn queues(self: Pin<&Self>, each: &mut Each<'_, Self>) {
        each(self.project_ref().requests);
    }

    fn create(self: Pin<&Self>, _: &mut Call) -> Result<Self::File, NtStatus> {
        Ok(Own::new())
    }

    fn device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        if irp.code() == PEND {
            return Fifo::pend(irp, call, |device| device.project_ref().requests);
        }
        let mut status = NOT_FOUND;
        if let Some(mut next) = irp.device().project_ref().requests.retrieve_next(call) {
            next.answer(irp.input());
            next.complete(NtStatus::SUCCESS);
            status = NtStatus::SUCCESS;
        }
        irp.complete(call, status)
    }
}

fn close(handle: Handle<'_>) {
    handle.cleanup();
    handle.close();
}

#[test]
fn requests_are_answered_in_order_and_canceled_out_of_it() {
    let machine = start::<Simple>();
    let handle = machine.open().expect("a handle");
    let requests: Vec<_> = (0..3).map(|_| handle.control(PEND, &[], 4)).collect();
    assert!(requests[1].cancel());
    assert_eq!(requests[1].end().0, CANCELLED);
    for (request, answer) in [(&requests[0], [1_u8, 2]), (&requests[2], [3, 4])] {
        let completed = handle.control(COMPLETE_NEXT, &answer, 0);
        assert_eq!(completed.end().0, SUCCESS);
        assert_eq!(request.end(), (SUCCESS, answer.to_vec()));
    }
    assert!(!requests[0].cancel(), "it is complete");
    close(handle);
    machine.remove();
}

#[test]
fn a_request_that_is_canceled_before_it_is_queued_ends() {
    let machine = start::<Simple>();
    let handle = machine.open().expect("a handle");
    let request = handle.prepare(PEND, &[], 0);
    assert!(!request.cancel());
    request.send();
    assert_eq!(request.end().0, CANCELLED);
    close(handle);
    machine.remove();
}

#[test]
fn handles_and_devices_that_go_away_take_their_requests_with_them() {
    let machine = start::<Simple>();
    let (first, second) = (machine.open().expect("one"), machine.open().expect("two"));
    let gone = first.control(PEND, &[], 0);
    let kept = second.control(PEND, &[], 0);
    close(first);
    assert_eq!(gone.end().0, CANCELLED);
    assert!(!kept.is_done());
    machine.remove();
    assert_eq!(kept.end().0, DEVICE_REMOVED);
    close(second);
}

#[test]
fn slots_are_used_again_and_there_are_no_more_than_asked_for() {
    let machine = start::<Simple>();
    let handle = machine.open().expect("a handle");
    for _ in 0..3 {
        let requests: Vec<_> = (0..8).map(|_| handle.control(PEND, &[], 0)).collect();
        assert_eq!(handle.control(PEND, &[], 0).end().0, FULL);
        // Neither in the order in which they came nor backwards.
        for index in [3, 0, 7, 5, 1, 6, 2, 4] {
            assert!(requests[index].cancel());
            assert_eq!(requests[index].end().0, CANCELLED);
        }
    }
    close(handle);
    machine.remove();
}

#[test]
fn threads_that_pend_cancel_complete_and_close_lose_nothing() {
    let rounds = if cfg!(miri) { 3 } else { 500 };
    for _ in 0..rounds {
        let machine = start::<Simple>();
        let (client, server) = (machine.open().expect("one"), machine.open().expect("two"));
        let first = client.control(PEND, &[], 1);
        let second = client.prepare(PEND, &[], 1);
        thread::scope(|scope| {
            scope.spawn(|| first.cancel());
            scope.spawn(|| {
                second.send();
                second.cancel()
            });
            scope.spawn(|| {
                let _ = server.control(COMPLETE_NEXT, &[7], 0).end();
            });
            scope.spawn(|| client.cleanup());
        });
        for request in [&first, &second] {
            let (status, answer) = request.end();
            match status {
                SUCCESS => assert_eq!(answer, [7]),
                other => assert!(other < 0 && answer.is_empty()),
            }
        }
        client.close();
        close(server);
        machine.remove();
    }
}

// ---- A discipline with two lists, ids and timers ----

pin_project! {
    struct Named {
        #[pin]
        lock: Lock<Names>,
        #[pin]
        queue: Queue<Requests>,
    }
}

pin_project! {
    struct State {
        #[pin]
        pending: List<Names, InQueue>,
        #[pin]
        ending: List<Names, InQueue>,
    }
}

pin_project! {
    struct File {
        #[pin]
        requests: List<Names, InOwner>,
    }
}

enum Names {}

impl Domain for Names {
    type Device = Named;
    type Kind = Control;
    type State = State;
    type Request = ();
}

enum Requests {}

enum Wanted<'call> {
    Named(u64),
    Own(Pin<&'call File>),
    Ending,
    Any,
}

impl Discipline for Requests {
    type Domain = Names;
    type Insert<'call> = u64;
    type Refusal = Infallible;
    type Peek<'call> = Wanted<'call>;
    type Note = u64;

    const FULL: NtStatus = NtStatus::INSUFFICIENT_RESOURCES;

    fn admit(_: &mut Held<'_, Names>, _: Pin<&File>, (): &(), _: &mut u64) -> Result<(), NtStatus> {
        Ok(())
    }

    fn abandon(_: &mut Held<'_, Names>, _: Pin<&File>, _: &Slot<()>, _: &mut u64) {}

    fn insert<'h>(
        held: &mut Held<'h, Names>,
        irp: &mut Arriving<'h, Names>,
        id: &mut u64,
    ) -> Result<Place<'h, Names>, Infallible> {
        *id = irp.slot().id();
        Ok(Place {
            list: held.state().project_ref().pending,
            own: irp.file().project_ref().requests,
        })
    }

    fn peek<'s, 'h: 's, 'call: 's>(
        held: &mut Held<'h, Names>,
        wanted: &mut Wanted<'call>,
    ) -> Search<'s, Names> {
        let state = held.state().project_ref();
        match *wanted {
            Wanted::Named(id) => held.find(id).map_or(Search::Nothing, Search::This),
            Wanted::Own(file) => Search::Own(file.project_ref().requests),
            Wanted::Ending => Search::In(state.ending),
            Wanted::Any => Search::In(state.pending),
        }
    }

    fn remove<'h>(
        _: &mut Held<'h, Names>,
        entry: Entry<'h, Names>,
        _: Option<&mut Wanted<'_>>,
    ) -> u64 {
        entry.slot().id()
    }

    fn canceled(irp: Irp<Named, Dequeued<'_>>, _: Option<u64>) {
        irp.complete(NtStatus::CANCELLED);
    }

    fn expired<'h>(held: &mut Held<'h, Names>, (): &'h (), entry: Option<Entry<'h, Names>>) {
        if let Some(entry) = entry {
            let ending = held.state().project_ref().ending;
            ending.push(&mut held.links, entry);
        }
    }

    fn attend(_: Pin<&Queue<Self>>, _: Pin<&Named>, _: &mut Call) {}
}

impl Named {
    fn queue(self: Pin<&Self>) -> Pin<&Queue<Requests>> {
        self.project_ref().queue
    }
}

impl Device for Named {
    type File = File;

    fn new() -> Self {
        Self {
            lock: Lock::new(State {
                pending: List::new(),
                ending: List::new(),
            }),
            queue: Queue::new(),
        }
    }

    fn initialize(self: Pin<&Self>) -> Result<(), NtStatus> {
        self.queue().register(self, self.project_ref().lock)
    }

    fn start(self: Pin<&Self>, call: &mut Call) -> Result<(), NtStatus> {
        // The ids of the last generations, and the first after them (TR-45).
        let memory = Memory::try_new(2, u32::MAX - 1)?;
        self.project_ref().lock.provide(call, memory);
        Ok(())
    }

    fn create(self: Pin<&Self>, _: &mut Call) -> Result<File, NtStatus> {
        Ok(File {
            requests: List::new(),
        })
    }

    fn device_control(mut irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        if irp.code() == PEND {
            let limit = irp
                .input()
                .first()
                .map(|&seconds| u32::from(seconds) * 1000);
            return match irp.insert(call, Self::queue, limit, &mut 0) {
                Outcome::Pended(dispatched) => dispatched,
                Outcome::Rejected(irp, status) => irp.complete(call, status),
            };
        }
        let name = <[u8; 8]>::try_from(irp.input()).map(u64::from_le_bytes);
        let mut wanted = name.map_or(Wanted::Any, Wanted::Named);
        let removed = irp.device().queue().remove(call, &mut wanted);
        let id = removed.map(|(request, id)| {
            request.complete(NtStatus::SUCCESS);
            id
        });
        let status = id.map_or(NOT_FOUND, |id| {
            irp.answer(&id.to_le_bytes());
            NtStatus::SUCCESS
        });
        irp.complete(call, status)
    }

    fn cleanup(self: Pin<&Self>, file: Pin<&File>, call: &mut Call) {
        for wanted in [Wanted::Own(file), Wanted::Ending] {
            let mut wanted = wanted;
            while let Some((irp, _)) = self.queue().remove(call, &mut wanted) {
                irp.complete(NtStatus::CANCELLED);
            }
        }
    }

    fn release(self: Pin<&Self>, call: &mut Call) {
        self.project_ref().lock.withdraw(call);
    }
}

#[test]
fn ids_begin_anew_after_the_last_generation_and_name_one_request_each() {
    let machine = start::<Named>();
    let handle = machine.open().expect("a handle");
    let mut past = BTreeSet::new();
    for _ in 0..4 {
        let requests = [handle.control(PEND, &[], 0), handle.control(PEND, &[], 0)];
        for id in &past {
            let id: &u64 = id;
            let answer = handle.control(COMPLETE, &id.to_le_bytes(), 8).end();
            assert_eq!(
                answer.0,
                NOT_FOUND.code().cast_signed(),
                "{id:#x} was used before"
            );
        }
        for request in &requests {
            let (status, id) = handle.control(COMPLETE_NEXT, &[], 8).end();
            assert_eq!(status, SUCCESS);
            assert_eq!(request.end().0, SUCCESS);
            let id = u64::from_le_bytes(id.try_into().expect("an id"));
            assert!(past.insert(id), "{id:#x} is used twice");
        }
    }
    let generations: BTreeSet<u64> = past.iter().map(|id| id >> 32).collect();
    let last = u64::from(u32::MAX);
    assert_eq!(generations, BTreeSet::from([0, 1, last - 1, last]));
    close(handle);
    machine.remove();
}

// One test: the time of all timers passes at once.
#[test]
fn a_request_whose_time_is_over_ends_and_its_timer_with_it() {
    let machine = start::<Named>();
    let handle = machine.open().expect("a handle");
    for _ in 0..3 {
        // One ends by its timer, the other before it.
        let (late, early) = (handle.control(PEND, &[1], 0), handle.control(PEND, &[1], 0));
        assert!(early.cancel());
        assert_eq!(early.end().0, CANCELLED);
        assert!(!late.is_done());
        deferred::expire();
        assert_eq!(late.end().0, CANCELLED);
    }
    // Both at once.
    for _ in 0..if cfg!(miri) { 3 } else { 500 } {
        let request = handle.control(PEND, &[1], 0);
        thread::scope(|scope| {
            scope.spawn(deferred::expire);
            scope.spawn(|| request.cancel());
        });
        assert_eq!(request.end().0, CANCELLED);
    }
    close(handle);
    machine.remove();
}
