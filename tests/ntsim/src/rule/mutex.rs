//! Locks that belong to threads.

use std::ops::Range;

use super::{BugCheck, VERIFIER, rules};
use crate::finding::Broken;
use crate::world::World;
use crate::world::owned::Kind;

rules! {
    STILL_HELD = "mutex-held", Some(BugCheck(0x01, "APC_INDEX_MISMATCH")),
        "A routine of the driver releases the mutexes, resources and push locks that it acquires.";
    NOT_OWNED = "mutex-not-owned", VERIFIER,
        "A mutex, resource or push lock is released by a thread that has it.";
    RECURSION = "mutex-recursion", VERIFIER,
        "A lock that cannot be acquired twice is not acquired by a thread that has it: it would wait for itself for ever.";
    APCS_ENABLED = "resource-without-critical-region", VERIFIER,
        "A resource or push lock is acquired in a critical region: a thread that is suspended would keep it.";
    INITIALIZED_TWICE = "resource-initialized-twice", VERIFIER,
        "A resource is initialized once.";
    FREED = "lock-freed-while-held", VERIFIER,
        "Memory with a lock is freed when nobody has that, and a resource is deleted before.";
}

/// Before memory is freed.
///
/// # Errors
/// The broken rule.
pub fn check_freed(world: &World, range: &Range<usize>) -> Result<(), Broken> {
    match world.owned_in(range.clone()) {
        None => Ok(()),
        Some((_, lock)) => {
            let (name, held) = (lock.kind.name(), lock.is_held());
            let why = if held {
                "that somebody has"
            } else {
                "that ExDeleteResourceLite was not called for"
            };
            Err(FREED.broken(format!("memory is freed with a {name} in it {why}")))
        }
    }
}

/// After `DriverUnload`.
///
/// # Errors
/// The broken rule.
pub fn check_left(world: &World) -> Result<(), Broken> {
    let mut locks = world.owned.values();
    if locks.any(|lock| lock.kind == Kind::Resource) {
        return Err(FREED.broken("a resource was not deleted by ExDeleteResourceLite"));
    }
    Ok(())
}
