//! At which IRQL code runs.

use super::{IRQL, VERIFIER, rules};
use crate::finding::Broken;
use crate::world::World;

rules! {
    /// TR-52, TR-55.
    TOO_HIGH = "irql-too-high", IRQL,
        "A kernel routine is called at an IRQL at which it may be called.";
    TOO_LOW = "irql-too-low", IRQL,
        "A kernel routine for DISPATCH_LEVEL is called there.";
    /// INV-40, INV-41, TR-50.
    NOT_RESTORED = "irql-not-restored", VERIFIER,
        "A routine of the driver returns at the IRQL at which it was called.";
    CRITICAL_REGION = "critical-region-unbalanced", VERIFIER,
        "A routine of the driver leaves the critical and guarded regions that it enters, and no others.";
}

/// A kernel routine that may be called up to `highest`.
///
/// # Errors
/// The broken rule.
pub fn check_at_most(world: &mut World, routine: &str, highest: u8) -> Result<(), Broken> {
    let irql = world.thread().irql;
    if irql > highest {
        return Err(TOO_HIGH.broken(format!(
            "{routine} was called at IRQL {irql}; {highest} is the highest it may be called at"
        )));
    }
    Ok(())
}

/// What a routine of the driver has to leave as it found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    irql: u8,
    locks: usize,
    owned: usize,
    regions: [u32; 2],
}

impl Entry {
    /// Before the call.
    pub fn of(world: &mut World) -> Self {
        let owned = world.owned_by(world.current);
        let thread = world.thread();
        Self {
            owned,
            irql: thread.irql,
            locks: thread.held.len(),
            regions: [thread.critical, thread.guarded],
        }
    }

    /// After the call.
    ///
    /// # Errors
    /// The broken rule.
    pub fn check(self, world: &mut World, routine: &str) -> Result<(), Broken> {
        let now = Self::of(world);
        if now.locks > self.locks {
            return Err(
                super::lock::FORGOTTEN.broken(format!("{routine} returned with a spin lock held"))
            );
        }
        if now.owned > self.owned {
            return Err(super::mutex::STILL_HELD.broken(format!(
                "{routine} returned with a mutex, resource or push lock that it has acquired"
            )));
        }
        if now.irql != self.irql {
            return Err(NOT_RESTORED.broken(format!(
                "{routine} returned at IRQL {}; it was called at IRQL {}",
                now.irql, self.irql
            )));
        }
        if now.regions != self.regions {
            let say = |[critical, guarded]: [u32; 2]| {
                format!("{critical} critical and {guarded} guarded regions")
            };
            return Err(CRITICAL_REGION.broken(format!(
                "{routine} returned in {}; it was called in {}",
                say(now.regions),
                say(self.regions)
            )));
        }
        Ok(())
    }
}
