//! The state of a run at one moment, for other runs to begin with.
//!
//! What a run does before the strategy has anything to decide, every run of an exploration does. And a run
//! that has come to a state in which nothing is left to decide goes on as an earlier one did that had come
//! to the same.

use std::hash::Hash;

use xxhash_rust::xxh3::Xxh3;

use crate::arena::Snapshot;
use crate::machine;
use crate::world::{self, World};

/// Everything that a run can see, but for what is left on stacks by calls that have returned.
#[derive(Debug)]
pub struct Checkpoint {
    machine: u64,
    world: World,
    arena: Snapshot,
    user: Snapshot,
    image: Vec<Vec<u8>>,
}

impl Checkpoint {
    /// The state as it is now, if no step of the run was the strategy's to decide or to know of. The thread
    /// is not in the driver.
    pub fn take() -> Option<Self> {
        let world = world::with(|world| world.is_undecided().then(|| world.clone()))?;
        Some(machine::with(|machine| Self {
            machine: machine.id,
            world,
            arena: machine.arena.save(),
            user: machine.user.save(),
            image: machine.image.save(),
        }))
    }

    /// Makes the run that has just begun as that one was. `false` if it is on another machine.
    pub fn restore(&self) -> bool {
        let same = machine::with(|machine| {
            let same = machine.id == self.machine;
            if same {
                machine.arena.restore(&self.arena);
                machine.user.restore(&self.user);
                machine.image.load(&self.image);
            }
            same
        });
        if same {
            world::with(|world| world.clone_from(&self.world));
        }
        same
    }
}

/// A number that is another one for every other state, together with what else the rest of the run depends
/// on. `None` if something else decides about the rest: a thread that can still do something, or whose steps
/// the first thread has not waited for.
pub fn state(threads: usize, rest: &impl Hash) -> Option<u128> {
    if !world::with(|world| world.is_decided(threads)) {
        return None;
    }
    Some(hash(rest))
}

/// A number that is another one for every other state, also while threads can still do something.
pub fn hash(rest: &impl Hash) -> u128 {
    let mut hasher = Xxh3::new();
    rest.hash(&mut hasher);
    world::with(|world| world.hash_all(&mut hasher));
    machine::with(|machine| {
        machine.arena.hash(&mut hasher);
        machine.user.hash(&mut hasher);
        machine.image.hash_memory(&mut hasher);
    });
    hasher.digest128()
}

impl World {
    fn is_undecided(&self) -> bool {
        self.threads.len() == 1 && self.steps == 0 && self.finding.is_none()
    }

    /// Whether the first thread is alone, and the only others that ever were are the next `threads`, for
    /// whose end it has waited.
    fn is_decided(&self, threads: usize) -> bool {
        self.current == 0
            && self.threads.len() == threads + 1
            && self.alive() == 1
            && self.finding.is_none()
    }
}
