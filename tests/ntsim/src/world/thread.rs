//! Simulated threads, and what each is about to do.

use std::ops::Range;

use super::{DPC_QUEUES, Passing, World};
use crate::machine::Processor;

/// A simulated thread. Each has a processor of its own, so its IRQL is its own too.
#[derive(Clone, Debug, Hash)]
pub struct Thread {
    /// For reports.
    pub name: &'static str,
    /// The processor's IRQL.
    pub irql: u8,
    /// The spin locks it holds, in the order taken.
    pub held: Vec<usize>,
    /// Depth of `KeEnterCriticalRegion`.
    pub critical: u32,
    /// Depth of `KeEnterGuardedRegion`.
    pub guarded: u32,
    /// The next visible step.
    pub pending: Pending,
    /// Whether it has ended.
    pub finished: bool,
    /// Its addresses.
    pub processor: Processor,
    /// The driver's frames on its stack, while others run. What they hold, such as an event that the thread
    /// waits for, others may use.
    pub stack: Range<usize>,
    /// How much of its scratch memory is in use.
    pub scratch: usize,
    /// Its address as an object if the driver made it.
    pub object: Option<usize>,
}

impl Thread {
    /// A thread at `PASSIVE_LEVEL` that has not begun.
    pub fn new(name: &'static str, processor: Processor) -> Self {
        Self {
            name,
            irql: 0,
            held: Vec::new(),
            critical: 0,
            guarded: 0,
            pending: Pending::NOTHING,
            finished: false,
            processor,
            stack: 0..0,
            scratch: 0,
            object: None,
        }
    }
}

/// Which other steps a step can influence. Two steps that cannot influence each other may be taken
/// in either order with the same result, so one order is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Touches {
    /// Nothing that another thread could notice, or only a condition that stays true.
    Nothing,
    /// The driver's code goes on after something that lets other threads go on. What it touches, a
    /// correct driver guards; but if the memory is freed under it, the order matters.
    Driver,
    /// The driver is called. It knows what its device knows, but no IRP except the one it gets.
    Entry,
    /// A count in a kernel object, by address: two of these on one object do not disturb each other.
    Counter(usize),
    /// Something is added to a number that the driver keeps, by address, and nobody looks at what comes out:
    /// two of these do not disturb each other, but who reads the number sees which have come before.
    Add(usize),
    /// One kernel object, by address.
    Object(usize),
    /// An IRP that other threads can know of is completed, by address: its life ends.
    ///
    /// A thread that wrongly still uses the memory can do so in any later step. It does not matter
    /// which: if the memory can be freed before that step, then nothing that the thread does since
    /// it last let others go on is needed for that, so it can be freed at the [`Touches::Driver`]
    /// point there, and the steps in between commute.
    Irp(usize),
    /// The same for pool and device objects, by address.
    Memory(usize),
    /// A timer expires and its DPC is queued, or a DPC is queued or called; 0 for what is not concerned.
    /// Memory that is freed can be the timer's or the DPC's.
    Deferred {
        /// The `KTIMER`.
        timer: usize,
        /// The `KDPC`.
        dpc: usize,
    },
}

impl Touches {
    /// Whether the order of the two does not matter.
    pub fn commutes_with(self, other: Self) -> bool {
        use Touches::{Add, Counter, Deferred, Driver, Entry, Irp, Memory, Nothing, Object};
        match (self, other) {
            (Driver, Irp(_) | Memory(_))
            | (Irp(_) | Memory(_), Driver)
            | (Entry | Deferred { .. }, Memory(_))
            | (Memory(_), Entry | Deferred { .. }) => false,
            (Nothing | Driver | Entry, _)
            | (_, Nothing | Driver | Entry)
            | (Counter(_), Counter(_))
            | (Add(_), Add(_)) => true,
            (
                Deferred { timer, dpc },
                Deferred {
                    timer: other,
                    dpc: second,
                },
            ) => (timer == 0 || timer != other) && (dpc == 0 || dpc != second),
            (
                Deferred { timer, dpc },
                Add(object) | Counter(object) | Object(object) | Irp(object),
            )
            | (
                Add(object) | Counter(object) | Object(object) | Irp(object),
                Deferred { timer, dpc },
            ) => ![timer, dpc, DPC_QUEUES].contains(&object),
            (
                Add(one) | Counter(one) | Object(one) | Irp(one) | Memory(one),
                Add(two) | Counter(two) | Object(two) | Irp(two) | Memory(two),
            ) => one != two,
        }
    }
}

/// What has to be true for a step to be possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// It always is.
    Always,
    /// Nobody holds this spin lock.
    LockFree(usize),
    /// This dispatcher object is signaled.
    Signaled(usize),
    /// This rundown reference is at 0.
    RunDown(usize),
    /// This remove lock is at 0.
    Removed(usize),
    /// No request of this synchronous file object is on its way.
    FileFree(usize),
    /// Nothing else can happen. The number says how long the trace was when it began to wait.
    Quiet(usize),
    /// This thread has ended.
    Ended(usize),
    /// It is this time, in 100 ns since 1601, or time passes as it likes; never while it is stopped.
    Time(u64),
    /// This IRP is completed.
    Completed(usize),
    /// No IRP of this file object is with the driver.
    FileIdle(usize),
    /// No IRP of this thread is with the driver.
    ThreadIdle(usize),
}

/// The next visible step of a thread.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Pending {
    /// For the trace.
    pub what: &'static str,
    /// The object of the trace line, 0 for none.
    pub object: usize,
    /// What it influences.
    pub touches: Touches,
    /// When it can be taken.
    pub guard: Guard,
}

impl Pending {
    /// Before the first step.
    pub const NOTHING: Self = Self {
        what: "",
        object: 0,
        touches: Touches::Nothing,
        guard: Guard::Always,
    };
}

impl World {
    /// Whether a guard is open now.
    pub fn holds(&self, guard: Guard) -> bool {
        match guard {
            Guard::Always => true,
            Guard::LockFree(lock) => !self.locks.contains_key(&lock),
            Guard::Signaled(object) => self.dispatchers.is_signaled(object),
            Guard::RunDown(reference) => {
                self.rundowns.get(&reference).is_none_or(|it| it.count == 0)
            }
            Guard::Removed(lock) => self.remove_locks.get(&lock).is_none_or(|it| it.count <= 0),
            Guard::Ended(thread) => self.threads.get(thread).is_none_or(|it| it.finished),
            Guard::FileFree(file) => self.files.get(file).is_none_or(|it| !it.busy),
            // The scheduler knows when.
            Guard::Quiet(_) => false,
            Guard::Time(due) => match self.passing {
                Passing::Freely => true,
                Passing::WhenIdle => self.time >= due,
                Passing::Stopped => false,
            },
            Guard::Completed(irp) => self.irps.get(irp).is_none_or(|it| it.completed),
            Guard::FileIdle(file) => !self.irps.outstanding().any(|irp| irp.file == Some(file)),
            Guard::ThreadIdle(thread) => !self.irps.outstanding().any(|irp| irp.thread == thread),
        }
    }

    /// Whether the thread's next step is possible now.
    pub fn enabled(&self, thread: usize) -> bool {
        self.holds(self.pending(thread).guard)
    }

    /// Whether memory is in the driver's frames of a thread that does not run.
    pub fn is_on_a_stack(&self, memory: Range<usize>) -> bool {
        let mut threads = self.threads.iter();
        threads.any(|thread| thread.stack.start <= memory.start && memory.end <= thread.stack.end)
    }

    /// How many threads have not ended.
    pub fn alive(&self) -> usize {
        self.threads
            .iter()
            .filter(|thread| !thread.finished)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::Touches::{
        self, Add, Counter, Deferred, Driver, Entry, Irp, Memory, Nothing, Object,
    };
    use crate::world::DPC_QUEUES;

    const ALL: [Touches; 15] = [
        Nothing,
        Driver,
        Entry,
        Add(1),
        Add(2),
        Counter(1),
        Counter(2),
        Object(1),
        Object(2),
        Irp(1),
        Irp(2),
        Memory(1),
        Deferred { timer: 1, dpc: 2 },
        Deferred { timer: 0, dpc: 2 },
        Object(DPC_QUEUES),
    ];

    #[test]
    fn commuting_is_symmetric() {
        for one in ALL {
            for two in ALL {
                assert_eq!(
                    one.commutes_with(two),
                    two.commutes_with(one),
                    "{one:?} {two:?}"
                );
            }
        }
    }

    #[test]
    fn only_counters_commute_on_one_object() {
        assert!(Add(1).commutes_with(Add(1)));
        assert!(!Add(1).commutes_with(Counter(1)));
        assert!(!Add(1).commutes_with(Object(1)));
        assert!(Add(1).commutes_with(Object(2)));
        assert!(Counter(1).commutes_with(Counter(1)));
        assert!(!Counter(1).commutes_with(Object(1)));
        assert!(!Object(1).commutes_with(Object(1)));
        assert!(!Memory(1).commutes_with(Object(1)));
        assert!(!Memory(1).commutes_with(Driver));
        assert!(Memory(1).commutes_with(Memory(2)));
        assert!(!Irp(1).commutes_with(Driver));
        assert!(Irp(1).commutes_with(Entry));
        assert!(!Memory(1).commutes_with(Entry));
    }

    #[test]
    fn an_expiry_concerns_timer_dpc_and_queue() {
        let expiry = Deferred { timer: 1, dpc: 2 };
        assert!(!expiry.commutes_with(Object(1)));
        assert!(!expiry.commutes_with(Object(2)));
        assert!(!expiry.commutes_with(Object(DPC_QUEUES)));
        assert!(!expiry.commutes_with(Memory(3)));
        assert!(!expiry.commutes_with(Deferred { timer: 0, dpc: 2 }));
        assert!(expiry.commutes_with(Object(3)));
        assert!(expiry.commutes_with(Deferred { timer: 3, dpc: 4 }));
        assert!(Deferred { timer: 0, dpc: 4 }.commutes_with(Deferred { timer: 0, dpc: 2 }));
    }
}
