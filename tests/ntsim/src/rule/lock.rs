//! Spin locks.

use super::{BugCheck, VERIFIER, rules};
use crate::finding::Broken;
use crate::world::World;

rules! {
    /// INV-15, INV-42, TR-10.
    RECURSION = "lock-recursion", Some(BugCheck(0x0f, "SPIN_LOCK_ALREADY_OWNED")),
        "A spin lock is not taken by the thread that holds it: it would wait for itself for ever.";
    NOT_HELD = "lock-not-held", Some(BugCheck(0x10, "SPIN_LOCK_NOT_OWNED")),
        "A spin lock is released only by the thread that holds it.";
    /// TR-56.
    NOT_INITIALIZED = "lock-not-initialized", None,
        "A spin lock is initialized before it is used, and nothing else is written over it.";
    HANDLE_IN_USE = "lock-handle-in-use", None,
        "A KLOCK_QUEUE_HANDLE belongs to one acquisition of a spin lock until that is released.";
    FORGOTTEN = "lock-forgotten", VERIFIER,
        "A routine of the driver releases the spin locks that it takes.";
    LOWERED = "lock-lowers-irql", VERIFIER,
        "KeReleaseSpinLock does not lower the IRQL while another spin lock is held.";
    UNBALANCED_CALLBACKS = "csq-lock-unbalanced", VERIFIER,
        "CsqAcquireLock takes one lock, and CsqReleaseLock gives it back.";
}

/// Before a lock is taken.
///
/// # Errors
/// The broken rule.
pub fn check_acquire(world: &mut World, lock: usize) -> Result<(), Broken> {
    if world.thread().held.contains(&lock) {
        let name = world.object_name(lock);
        return Err(RECURSION.broken(format!(
            "the spin lock {name} is taken by the thread that holds it"
        )));
    }
    Ok(())
}

/// Before a lock is released to `irql`, which is `None` if the IRQL stays.
///
/// # Errors
/// The broken rule.
pub fn check_release(world: &mut World, lock: usize, irql: Option<u8>) -> Result<(), Broken> {
    if !world.thread().held.contains(&lock) {
        let name = world.object_name(lock);
        return Err(NOT_HELD.broken(format!(
            "the spin lock {name} is released by a thread that does not hold it"
        )));
    }
    let (now, others) = (world.thread().irql, world.thread().held.len() - 1);
    if now < crate::nt::DISPATCH_LEVEL {
        let name = world.object_name(lock);
        return Err(
            super::irql::TOO_LOW.broken(format!("the spin lock {name} is released at IRQL {now}"))
        );
    }
    match irql {
        Some(irql) if irql > crate::nt::DISPATCH_LEVEL => {
            let name = world.object_name(lock);
            Err(LOWERED.broken(format!(
                "the spin lock {name} is released to IRQL {irql}, which no KeAcquireSpinLock gave"
            )))
        }
        Some(irql) if irql < crate::nt::DISPATCH_LEVEL && others != 0 => {
            let name = world.object_name(lock);
            Err(LOWERED.broken(format!(
                "the spin lock {name} is released to IRQL {irql} while {others} other(s) are held"
            )))
        }
        _ => Ok(()),
    }
}
