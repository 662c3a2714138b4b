//! Timers and deferred procedure calls.

use std::ops::Range;

use super::{BugCheck, VERIFIER, rules};
use crate::finding::Broken;
use crate::world::World;

const INVALID: Option<BugCheck> = Some(BugCheck(0xc7, "TIMER_OR_DPC_INVALID"));

rules! {
    TIMER_FREED = "timer-freed-while-armed", INVALID,
        "A timer that is armed lies in memory that lives.";
    DPC_FREED = "dpc-freed-while-queued", INVALID,
        "A DPC that is queued lies in memory that lives.";
    TIMER_ARMED = "timer-initialized-while-armed", VERIFIER,
        "A timer is not initialized again while it is armed.";
    DPC_QUEUED = "dpc-initialized-while-queued", VERIFIER,
        "A DPC is not initialized again while it is queued.";
}

/// Memory that is about to be freed.
///
/// # Errors
/// The broken rule.
pub fn check_freed(world: &World, range: &Range<usize>) -> Result<(), Broken> {
    if let Some(timer) = world.deferred.armed_in(range.clone()) {
        let name = world.object_name(timer);
        return Err(TIMER_FREED.broken(format!(
            "the timer at {name} is armed, and its memory is freed"
        )));
    }
    if let Some(dpc) = world.deferred.queued_in(range.clone()) {
        let name = world.object_name(dpc);
        return Err(DPC_FREED.broken(format!(
            "the DPC at {name} is queued, and its memory is freed"
        )));
    }
    Ok(())
}
