//! Locks that belong to threads: fast and guarded mutexes, resources, push locks, reader-writer spin locks. Mutexes are
//! dispatcher objects.

use std::collections::BTreeMap;
use std::ops::Range;

use super::World;

/// What a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `FAST_MUTEX` and `KGUARDED_MUTEX`.
    FastMutex,
    /// `ERESOURCE`.
    Resource,
    /// `EX_PUSH_LOCK`.
    PushLock,
    /// `EX_SPIN_LOCK`.
    SpinLock,
}

impl Kind {
    /// For reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FastMutex => "fast mutex",
            Self::Resource => "resource",
            Self::PushLock => "push lock",
            Self::SpinLock => "reader-writer spin lock",
        }
    }
}

/// One lock.
#[derive(Clone, Debug, Hash)]
pub struct Owned {
    /// What it is.
    pub kind: Kind,
    /// Who has it for itself alone, and how often.
    pub exclusive: Option<(usize, u32)>,
    /// Who has it together with others, once for each time.
    pub shared: Vec<usize>,
}

impl Owned {
    /// A free one.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            exclusive: None,
            shared: Vec::new(),
        }
    }

    /// Whether a thread has it in some way.
    pub fn is_of(&self, thread: usize) -> bool {
        self.exclusive.is_some_and(|(owner, _)| owner == thread) || self.shared.contains(&thread)
    }

    /// Whether anybody has it.
    pub const fn is_held(&self) -> bool {
        self.exclusive.is_some() || !self.shared.is_empty()
    }
}

/// All of them, by address.
pub type Locks = BTreeMap<usize, Owned>;

impl World {
    /// How many locks and mutexes a thread has.
    pub fn owned_by(&self, thread: usize) -> usize {
        let locks = self.owned.values().filter(|lock| lock.is_of(thread));
        locks.count() + self.dispatchers.mutexes_of(thread)
    }

    /// A lock in memory that somebody has, or a resource that is not deleted.
    pub fn owned_in(&self, range: Range<usize>) -> Option<(usize, &Owned)> {
        let mut locks = self.owned.range(range);
        locks.find_map(|(address, lock)| {
            (lock.is_held() || lock.kind == Kind::Resource).then_some((*address, lock))
        })
    }
}
