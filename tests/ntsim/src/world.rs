//! The state of one run: what a real kernel would keep in its own memory.
//!
//! Everything here starts empty in each run, so that no run can see an earlier one. It belongs to
//! one OS thread, on which all simulated threads take turns.

pub mod deferred;
pub mod device;
pub mod dispatcher;
pub mod file;
pub mod handle;
pub mod irp;
pub mod mdl;
pub mod owned;
pub mod pool;
pub mod step;
pub mod thread;
pub mod trace;
pub mod tracing;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use crate::fault::Faults;
use crate::finding::{self, Finding};
use crate::guest;
use crate::machine::{self, Processor};
use crate::nt::user;
use crate::rule;
use crate::settings::{Clock, Value};
use deferred::Deferred;
use device::Devices;
use dispatcher::Dispatchers;
use file::Files;
use irp::Irps;
use mdl::Mdls;
use pool::Pool;
use step::kernel;
use thread::{Pending, Thread};
use trace::Trace;
use tracing::Providers;

/// The state of one run.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says what has happened")]
pub struct World {
    /// The thread that runs.
    pub current: usize,
    /// By number; 0 is the one that runs the scenario.
    pub threads: Vec<Thread>,
    /// Which thread holds each spin lock that is held.
    pub locks: BTreeMap<usize, usize>,
    /// All IRPs ever made.
    pub irps: Irps,
    /// All file objects ever made.
    pub files: Files,
    /// Device objects, links and interfaces.
    pub devices: Devices,
    /// What the driver has registered with the kernel, and by what it knows that.
    pub registrations: BTreeSet<(&'static str, usize)>,
    /// How often the driver has referenced objects.
    pub references: BTreeMap<usize, i64>,
    /// The handles of programs that the driver has asked for, to objects.
    pub user_handles: BTreeMap<usize, usize>,
    /// What kernel handles stand for, by the object.
    pub named: BTreeMap<usize, handle::Named>,
    /// Keys of the registry that the driver has made, or written to.
    pub keys: BTreeMap<String, BTreeMap<String, handle::Value>>,
    /// Files that the driver has made.
    pub contents: BTreeMap<String, Vec<u8>>,
    /// Initialized lookaside lists.
    pub lookasides: BTreeSet<usize>,
    /// Locks that belong to threads.
    pub owned: owned::Locks,
    /// Memory descriptor lists.
    pub mdls: Mdls,
    /// Pool blocks.
    pub pool: Pool,
    /// Events, semaphores, threads.
    pub dispatchers: Dispatchers,
    /// Event tracing.
    pub providers: Providers,
    /// Timers and DPCs.
    pub deferred: Deferred,
    /// What fails on purpose.
    pub faults: Faults,
    /// When the simulated bus driver answers the Plug and Play manager.
    pub bus: Bus,
    /// The `KLOCK_QUEUE_HANDLE`s in use that other threads can know of.
    pub lock_handles: BTreeSet<usize>,
    /// Remove locks by address.
    pub remove_locks: BTreeMap<usize, RemoveLock>,
    /// Initialized cancel-safe queues (`IO_CSQ`).
    pub queues: BTreeSet<usize>,
    /// Rundown references by address: (references, whether running down).
    pub rundowns: BTreeMap<usize, Rundown>,
    /// The driver object.
    pub driver: usize,
    /// What happened, in order.
    pub trace: Trace,
    /// Threads of which the first has done all that the second depends on, since the last step: it has
    /// started the second, or the second has waited for its end.
    pub handovers: Vec<(usize, usize)>,
    /// Whether the run has ended: what is left of its threads does nothing any more.
    pub over: bool,
    /// Whether a program has answered the request of another with `STATUS_CANCELLED`.
    pub answered_canceled: bool,
    /// The IRPs that have to end, whatever else happens, because they were canceled, and by which threads.
    pub doomed: Vec<(usize, usize)>,
    /// Numbers that a scenario keeps.
    pub notes: BTreeMap<&'static str, u64>,
    /// Values in the key Parameters of the driver's own, before those of the settings.
    pub parameters: Vec<(&'static str, Value)>,
    /// The decisions of the scheduler where it had a choice, as thread numbers.
    pub choices: Vec<u8>,
    /// How many steps the run has taken.
    pub steps: usize,
    /// Whether the rest of the run was left out, since an earlier one had come to the same state.
    pub repeats: bool,
    /// A number for the state in which the actors have left everything: when they have ended, or, if more can
    /// happen by itself, when everything is at rest for the first time.
    pub state: Option<u128>,
    /// Whether `IoStatus.Information` of a request begins with 0, as in Windows, and not with what nobody may leave there.
    pub zeroed_information: bool,
    /// The first broken rule that did not end the run.
    pub advice: Option<(&'static rule::Rule, String)>,
    /// The broken rule that ended the run.
    pub finding: Option<Finding>,
    /// Handles of `PsCreateSystemThread`, to thread object addresses.
    pub handles: BTreeMap<usize, usize>,
    /// Time in 100 ns since 1601.
    pub time: u64,
    /// When a timer may expire.
    pub passing: Passing,
}

/// When the driver below answers.
#[derive(Clone, Copy, Debug, Default, Hash, PartialEq, Eq)]
pub enum Bus {
    /// At once.
    #[default]
    Prompt,
    /// Later, from a DPC.
    Slow,
}

/// How time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Passing {
    /// As it likes: a timer may expire at any moment, whatever its time.
    Freely,
    /// When nothing else can happen, to the time of the earliest timer.
    #[default]
    WhenIdle,
    /// Not at all: a timer does not expire, though it be its time.
    Stopped,
}

/// An `IO_REMOVE_LOCK`.
#[derive(Clone, Debug, Default)]
pub struct RemoveLock {
    /// References, one of which belongs to the device itself.
    pub count: i64,
    /// Set by `IoReleaseRemoveLockAndWait`.
    pub removed: bool,
    /// The tags of the references taken and not given back.
    pub tags: Vec<usize>,
}

impl Hash for RemoveLock {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut tags = self.tags.clone();
        tags.sort_unstable();
        (self.count, self.removed, tags).hash(hasher);
    }
}

/// An `EX_RUNDOWN_REF`.
#[derive(Clone, Debug, Default, Hash)]
pub struct Rundown {
    /// References taken and not given back.
    pub count: u64,
    /// Whether new references are refused.
    pub closed: bool,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::default());
}

/// Works with the state. Never across a call into the driver, a switch, or an access to guest memory.
pub fn with<R>(work: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with_borrow_mut(work)
}

/// Like [`with`], for the trap handler: `None` if the state is in use.
pub fn try_with<R>(work: impl FnOnce(&mut World) -> R) -> Option<R> {
    WORLD.with(|world| Some(work(&mut *world.try_borrow_mut().ok()?)))
}

/// Starts a new run, with the calling thread as its first.
pub fn reset() {
    /// Any moment; it only has to be the same in each run.
    const START: u64 = 0x01db_0000_0000_0000;
    with(|world| *world = World::default());
    let passing = machine::with(|machine| {
        machine.arena.reset();
        machine.user.reset();
        match machine.settings.clock {
            Clock::Free => Passing::Freely,
            Clock::Idle => Passing::WhenIdle,
        }
    });
    let main = Thread::new("main", processor(0));
    with(|world| {
        world.time = START;
        world.passing = passing;
        world.threads.push(main);
    });
}

thread_local! {
    static ROUND: Cell<usize> = const { Cell::new(0) };
    static ROUNDS: Cell<usize> = const { Cell::new(0) };
}

/// The number of the exploration's round. A new round has other scheduling points, so what was seen in an earlier one
/// does not count.
pub fn round() -> usize {
    ROUND.get()
}

/// An exploration begins, or begins anew.
pub fn next_round() {
    ROUNDS.set(ROUNDS.get() + 1);
    ROUND.set(ROUNDS.get());
}

/// How many rounds there were.
pub fn rounds() -> usize {
    ROUNDS.get()
}

/// An exploration goes on in its round, after others have had theirs.
pub fn resume_round(round: usize) {
    ROUND.set(round);
}

/// Prepares the processor of the thread with this number.
pub fn processor(thread: usize) -> Processor {
    let processor = machine::with(|machine| machine.processor(thread));
    processor.initialize();
    processor
}

/// Makes an object in guest memory, each byte `fill`. `None` when there is no room.
pub fn allocate(size: usize, fill: u8) -> Option<usize> {
    let thread = with(|world| world.current);
    machine::with(|machine| machine.arena.allocate(size, fill, thread))
}

/// Makes a buffer of a program, at a user address. `None` when there is no room.
pub fn allocate_user(bytes: &[u8]) -> Option<usize> {
    let thread = with(|world| world.current);
    let address = machine::with(|machine| machine.user.allocate(bytes.len(), 0, thread))?;
    guest::store(address, bytes);
    Some(address)
}

/// A program frees a buffer.
pub fn free_user(address: usize) {
    machine::with(|machine| machine.user.kill(address, 0));
}

/// Ends an object's life, and forgets the kernel objects that were inside. No timer in it may be armed and
/// no DPC queued.
pub fn kill(address: usize) {
    kill_both(address, 0);
}

/// Ends the life of an object, and of another one that ends with it; 0 for none.
pub fn kill_both(address: usize, other: usize) {
    let objects = machine::with(|machine| {
        let objects = [address, other].map(|address| machine.arena.object_at(address));
        machine.arena.kill(address, other);
        objects
    });
    for (start, size, _) in objects.into_iter().flatten() {
        let range = start..start + size.max(1);
        finding::check(with(|world| rule::deferred::check_freed(world, &range)));
        finding::check(with(|world| rule::mutex::check_freed(world, &range)));
        finding::check(with(|world| rule::pool::check_freed(world, &range)));
        with(|world| {
            world.deferred.forget(&range);
            world.dispatchers.forget(range.clone());
            world
                .remove_locks
                .retain(|address, _| !range.contains(address));
            world.rundowns.retain(|address, _| !range.contains(address));
            world.queues.retain(|address| !range.contains(address));
            world.owned.retain(|address, _| !range.contains(address));
        });
    }
}

impl World {
    /// The thread that runs.
    ///
    /// # Panics
    /// Before [`reset`].
    pub fn thread(&mut self) -> &mut Thread {
        self.threads
            .get_mut(self.current)
            .expect("the current thread exists")
    }

    /// A parameter of this run.
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        let mut parameters = self.parameters.iter();
        parameters.find_map(|(own, value)| own.eq_ignore_ascii_case(name).then_some(value))
    }

    /// What a thread will do next; a thread that is unknown does nothing.
    pub fn pending(&self, thread: usize) -> Pending {
        self.threads
            .get(thread)
            .map_or(Pending::NOTHING, |it| it.pending)
    }
}

impl World {
    /// Everything that what happens from now on can depend on, if no strategy has to decide any more. It does not
    /// tell apart what differs only by the order of things that nobody can ask for.
    pub fn hash_all(&self, hasher: &mut impl Hasher) {
        let Self {
            current,
            // Those that are left have nothing to do that the rest of this does not say.
            threads: _,
            locks,
            irps,
            files,
            devices,
            registrations,
            references,
            user_handles,
            named,
            keys,
            contents,
            lookasides,
            owned,
            mdls,
            pool,
            dispatchers,
            providers,
            deferred,
            faults,
            bus,
            remove_locks,
            lock_handles,
            queues,
            rundowns,
            driver,
            // What has happened.
            trace: _,
            handovers: _,
            choices: _,
            steps: _,
            repeats: _,
            finding: _,
            // It is known before there is anything to decide, or its place is.
            advice: _,
            // The same in all runs.
            zeroed_information: _,
            state: _,
            over,
            answered_canceled,
            doomed,
            notes,
            parameters,
            handles,
            time,
            passing,
        } = self;
        (current, locks, files, devices).hash(hasher);
        irps.hash(hasher);
        (lookasides, owned, mdls).hash(hasher);
        (registrations, references, user_handles).hash(hasher);
        (named, keys, contents).hash(hasher);
        (pool, dispatchers, providers, deferred, faults, bus).hash(hasher);
        (remove_locks, lock_handles, queues, rundowns, driver, over).hash(hasher);
        let mut doomed: Vec<_> = doomed
            .iter()
            .map(|(number, by)| (irps.get(*number).map(|it| it.address), *by))
            .collect();
        doomed.sort_unstable();
        (answered_canceled, doomed, notes, parameters).hash(hasher);
        (handles, time, passing).hash(hasher);
    }

    /// What a report calls an IRP.
    pub fn irp_name(&self, number: usize) -> irp::Name {
        let name = self.irps.get(number).map_or("unknown", |irp| irp.name);
        irp::Name { number, name }
    }

    /// What a report calls the object at an address: an IRP, a place in a device extension or a
    /// pool block. Small numbers are thread or file numbers and are shown as they are.
    pub fn object_name(&self, address: usize) -> String {
        /// Nothing is ever mapped below.
        const LOWEST: usize = 0x1_0000;
        match address {
            kernel::CANCEL_LOCK => return "the cancel spin lock".into(),
            kernel::DPC_QUEUES => return "all processors".into(),
            _ => {}
        }
        if address < LOWEST {
            return if address == 0 {
                String::new()
            } else {
                format!("#{address}")
            };
        }
        if let Some((number, part, offset)) = self.irps.around(address) {
            let name = self.irp_name(number);
            return match part {
                irp::Part::Irp if offset == 0 => name.to_string(),
                irp::Part::Irp => format!("{} of {name}", crate::nt::irp::field(offset)),
                irp::Part::Buffer => format!("the system buffer of {name}, offset {offset:#x}"),
            };
        }
        if user::contains(address) {
            return "a program's buffer".into();
        }
        if let Some(place) = self.devices.place(address) {
            return place;
        }
        if let Some((start, block)) = self.pool.blocks.range(..=address).next_back()
            && address < start + block.size
        {
            let tag = pool::tag_name(block.tag);
            return format!("offset {:#x} of the pool block {tag}", address - start);
        }
        if let Some(number) = self.files.iter().position(|file| file.address == address) {
            return format!("file object {number}");
        }
        // Where the memory lies differs from process to process; what is in it does not.
        let offset = machine::try_with(|machine| {
            let range = machine.arena.range();
            range.contains(&address).then(|| address - range.start)
        });
        match offset.flatten() {
            Some(offset) => format!("memory +{offset:#x}"),
            None => format!("{address:#x}"),
        }
    }
}
