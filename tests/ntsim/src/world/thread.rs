//! Simulated threads, and what each is about to do.

use std::ops::Range;

use super::step::Touches;
use super::{Passing, World};
use crate::machine::Processor;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};

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
    /// The number of its processor, if what others do there matters to it.
    pub on: Option<u32>,
    /// The thread whose processor it has taken, if it is a DPC that does so, and whether it has it.
    pub preempts: Option<(usize, bool)>,
    /// Whether it is suspended.
    pub suspended: bool,
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
    /// The objects that it waits for, if they are several.
    pub waits: Vec<usize>,
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
            on: None,
            preempts: None,
            suspended: false,
            pending: Pending::NOTHING,
            finished: false,
            processor,
            stack: 0..0,
            scratch: 0,
            waits: Vec::new(),
            object: None,
        }
    }

    /// Whether the APC that suspends a thread is delivered: not at a raised IRQL, nor in a critical or guarded
    /// region.
    pub const fn may_be_suspended(&self) -> bool {
        self.irql < APC_LEVEL && self.critical == 0 && self.guarded == 0
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
    /// One or all of the objects are signaled that this thread waits for.
    Waits {
        /// The thread.
        thread: usize,
        /// Whether all have to be.
        all: bool,
    },
    /// Nobody has this lock.
    Unowned(usize),
    /// Nobody has this lock alone.
    Unwritten(usize),
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
    /// This thread can be suspended where it is, or has ended.
    Suspendable(usize),
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
        touches: Touches::NOTHING,
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
            Guard::Waits { thread, all } => {
                let objects = self.threads.get(thread).map(|it| it.waits.as_slice());
                let mut objects = objects.unwrap_or_default().iter();
                // Who waits for a mutex that it has already goes on at the next step.
                let is_free = |object: &usize| {
                    self.dispatchers.is_signaled(*object) || self.dispatchers.has(thread, *object)
                };
                if all {
                    objects.all(is_free)
                } else {
                    objects.any(is_free)
                }
            }
            Guard::Unowned(lock) => self.owned.get(&lock).is_none_or(|it| !it.is_held()),
            Guard::Unwritten(lock) => self
                .owned
                .get(&lock)
                .is_none_or(|it| it.exclusive.is_none()),
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
            Guard::Suspendable(thread) => {
                let thread = self.threads.get(thread);
                thread.is_none_or(|it| it.finished || it.may_be_suspended())
            }
        }
    }

    /// Whether the thread's next step is possible now.
    pub fn enabled(&self, thread: usize) -> bool {
        self.has_processor(thread) && self.holds(self.pending(thread).guard)
    }

    /// Whether the thread is not kept from going on by another on its processor, nor suspended.
    fn has_processor(&self, thread: usize) -> bool {
        let Some(own) = self.threads.get(thread) else {
            return true;
        };
        // The processor that it is on, and whose DPCs come first there.
        let (processor, waits) = match own.preempts {
            Some((_, true)) => return true,
            Some((other, false)) => (other, true),
            None => (thread, false),
        };
        let is_taken = |it: &Thread| !it.finished && it.preempts == Some((processor, true));
        let raised = waits
            && self
                .threads
                .get(processor)
                .is_some_and(|it| !it.finished && it.irql >= DISPATCH_LEVEL);
        let taken = own.on.is_some() && self.threads.iter().any(is_taken);
        !(own.suspended || raised || taken)
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
