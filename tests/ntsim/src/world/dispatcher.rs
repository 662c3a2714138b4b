//! Dispatcher objects: what a thread can wait for.

use std::collections::BTreeMap;
use std::ops::Range;

/// The state of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dispatcher {
    /// A `KEVENT`.
    Event {
        /// A notification event stays signaled; a synchronization event lets one waiter through.
        notification: bool,
        /// Whether a wait is satisfied.
        signaled: bool,
    },
    /// A `KSEMAPHORE`.
    Semaphore {
        /// How many waits are satisfied.
        count: i32,
        /// The most `count` may be.
        limit: i32,
    },
    /// A `KTIMER`, signaled when it has expired.
    Timer {
        /// As for events.
        notification: bool,
        /// Whether it has.
        signaled: bool,
    },
    /// A thread, signaled when it has ended.
    Thread {
        /// Whether it has.
        ended: bool,
    },
}

/// All initialized dispatcher objects, by address.
#[derive(Clone, Debug, Default, Hash)]
pub struct Dispatchers {
    objects: BTreeMap<usize, Dispatcher>,
}

impl Dispatchers {
    /// Makes or remakes an object.
    pub fn initialize(&mut self, address: usize, state: Dispatcher) {
        self.objects.insert(address, state);
    }

    /// The object at `address`, if one was initialized there.
    pub fn get_mut(&mut self, address: usize) -> Option<&mut Dispatcher> {
        self.objects.get_mut(&address)
    }

    /// Whether a wait would be satisfied now. One on an object that is none never blocks: it is a
    /// finding as soon as it is tried.
    pub fn is_signaled(&self, address: usize) -> bool {
        match self.objects.get(&address) {
            None => true,
            Some(Dispatcher::Event { signaled, .. } | Dispatcher::Timer { signaled, .. }) => {
                *signaled
            }
            Some(Dispatcher::Semaphore { count, .. }) => *count > 0,
            Some(Dispatcher::Thread { ended }) => *ended,
        }
    }

    /// Takes what a satisfied wait takes.
    pub fn consume(&mut self, address: usize) {
        match self.objects.get_mut(&address) {
            Some(
                Dispatcher::Event {
                    notification: false,
                    signaled,
                }
                | Dispatcher::Timer {
                    notification: false,
                    signaled,
                },
            ) => *signaled = false,
            Some(Dispatcher::Semaphore { count, .. }) => *count -= 1,
            _ => {}
        }
    }

    /// Forgets the objects in memory that is freed.
    pub fn forget(&mut self, range: Range<usize>) {
        self.objects.retain(|address, _| !range.contains(address));
    }

    /// Whether any thread object has not ended.
    pub fn has_running_thread(&self) -> bool {
        let mut objects = self.objects.values();
        objects.any(|object| matches!(object, Dispatcher::Thread { ended: false }))
    }
}
