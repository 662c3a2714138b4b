//! Timers and deferred procedure calls (DPCs).

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use super::World;
use super::step::Touches;
use super::thread::Pending;

/// A `KTIMER`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer {
    /// When it expires, in 100 ns since 1601.
    pub due: u64,
    /// The thread that will be its expiry, while it is armed.
    pub armed: Option<usize>,
}

/// A `KDPC`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dpc {
    /// `DeferredRoutine`.
    pub routine: usize,
    /// `DeferredContext`.
    pub context: usize,
    /// `SystemArgument1` and `SystemArgument2` of the call that is queued.
    pub arguments: [usize; 2],
    /// The thread that will call it, while it is queued.
    pub queued: Option<usize>,
}

// Which thread it is that does it depends on the schedule, and does not matter.
impl Hash for Timer {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.due, self.armed.is_some()).hash(hasher);
    }
}

impl Hash for Dpc {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.routine, self.context, self.arguments).hash(hasher);
        self.queued.is_some().hash(hasher);
    }
}

impl Hash for Deferred {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.timers, &self.dpcs, self.active.len()).hash(hasher);
    }
}

/// All timers and DPCs of a run, by address.
#[derive(Clone, Debug, Default)]
pub struct Deferred {
    /// Initialized timers.
    pub timers: BTreeMap<usize, Timer>,
    /// Initialized DPCs.
    pub dpcs: BTreeMap<usize, Dpc>,
    /// The threads in which a DPC is queued or runs.
    pub active: Vec<usize>,
}

impl Deferred {
    /// Forgets what is in memory that is freed.
    pub fn forget(&mut self, range: &Range<usize>) {
        self.timers.retain(|address, _| !range.contains(address));
        self.dpcs.retain(|address, _| !range.contains(address));
    }

    /// A timer in this memory that is armed.
    pub fn armed_in(&self, range: Range<usize>) -> Option<usize> {
        let mut timers = self.timers.range(range);
        timers.find_map(|(&address, timer)| timer.armed.map(|_| address))
    }

    /// A DPC in this memory that is queued.
    pub fn queued_in(&self, range: Range<usize>) -> Option<usize> {
        let mut dpcs = self.dpcs.range(range);
        dpcs.find_map(|(&address, dpc)| dpc.queued.map(|_| address))
    }
}

impl World {
    /// Takes a timer's expiry back; whether there was one to take back.
    pub fn disarm(&mut self, timer: usize) -> bool {
        let armed = self.deferred.timers.get_mut(&timer);
        let expiry = armed.and_then(|timer| timer.armed.take());
        expiry
            .inspect(|&thread| self.dismiss(thread, timer))
            .is_some()
    }

    /// Takes a DPC out of the queue; whether it was in it.
    pub fn dequeue(&mut self, dpc: usize) -> bool {
        let queued = self.deferred.dpcs.get_mut(&dpc);
        let call = queued.and_then(|dpc| dpc.queued.take());
        call.inspect(|&thread| self.dismiss(thread, dpc)).is_some()
    }

    /// Lets a thread that waits for its one step do nothing instead. That is a step all the same, so that
    /// the strategy knows that it could have come before.
    fn dismiss(&mut self, thread: usize, object: usize) {
        self.deferred.active.retain(|active| *active != thread);
        if let Some(thread) = self.threads.get_mut(thread) {
            thread.pending = Pending {
                touches: Touches::write(object, 1),
                ..Pending::NOTHING
            };
        }
    }
}
