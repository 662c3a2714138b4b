//! Dispatcher objects: what a thread can wait for.

use std::collections::BTreeMap;
use std::ops::Range;

use super::World;

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
    /// A `KMUTEX`.
    Mutex {
        /// The thread that has it, and how often.
        owner: Option<(usize, u32)>,
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
            Some(Dispatcher::Mutex { owner }) => owner.is_none(),
            Some(Dispatcher::Thread { ended }) => *ended,
        }
    }

    /// Whether a thread has a mutex.
    pub fn has(&self, thread: usize, object: usize) -> bool {
        matches!(
            self.objects.get(&object),
            Some(Dispatcher::Mutex { owner: Some((owner, _)) }) if *owner == thread
        )
    }

    /// How many mutexes a thread has.
    pub fn mutexes_of(&self, thread: usize) -> usize {
        let objects = self.objects.values();
        let own = objects.filter(|object| {
            matches!(object, Dispatcher::Mutex { owner: Some((owner, _)) } if *owner == thread)
        });
        own.count()
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

impl World {
    /// Whether a wait of the current thread for an object is satisfied now.
    pub fn is_free_for_me(&self, object: usize) -> bool {
        self.dispatchers.has(self.current, object) || self.dispatchers.is_signaled(object)
    }

    /// Satisfies a wait of the current thread, if that is possible.
    pub fn take(&mut self, object: usize) -> bool {
        if !self.is_free_for_me(object) {
            return false;
        }
        let me = self.current;
        match self.dispatchers.get_mut(object) {
            Some(Dispatcher::Mutex {
                owner: Some((_, depth)),
            }) => *depth += 1,
            Some(Dispatcher::Mutex { owner }) => {
                *owner = Some((me, 1));
                // Its owner is in a critical region.
                self.thread().critical += 1;
            }
            _ => self.dispatchers.consume(object),
        }
        true
    }
}
