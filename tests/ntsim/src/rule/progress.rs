//! Whether everything that began comes to an end.

use super::{BugCheck, Rule, rules};
use crate::world::World;
use crate::world::thread::Guard;

rules! {
    /// INV-56, TR-07, TR-26, TR-60.
    IRP_LOST = "irp-lost", None,
        "At rest no IRP is left with the driver: whoever waits for it waits for ever.";
    /// INV-56.
    NOT_CANCELED = "not-canceled", None,
        "What was canceled while the driver had it ends without further ado.";
    STRANDED = "suspended-thread-strands", None,
        "A thread that is suspended in the driver keeps nobody else's request, handle or device from its end: \
         what it does for others it does in a critical region.";
    /// TR-10.
    DEADLOCK = "deadlock", Some(BugCheck(0x133, "DPC_WATCHDOG_VIOLATION")),
        "The threads do not wait for each other in a circle.";
    LIVELOCK = "livelock", Some(BugCheck(0x133, "DPC_WATCHDOG_VIOLATION")),
        "Every routine of the driver comes to an end.";
    /// TR-64, TR-67.
    LEAKED_REFERENCE_WAIT = "removal-hangs", None,
        "A wait for references to be given back ends.";
}

/// Which rule a run without any possible step breaks.
#[must_use]
pub fn why_stuck(world: &World) -> &'static Rule {
    let guards = || {
        world
            .threads
            .iter()
            .filter(|it| !it.finished)
            .map(|it| it.pending.guard)
    };
    let waits_for_irp = |guard: Guard| {
        matches!(
            guard,
            Guard::FileIdle(_) | Guard::Completed(_) | Guard::ThreadIdle(_)
        )
    };
    let waits_for_reference = |guard: Guard| matches!(guard, Guard::RunDown(_) | Guard::Removed(_));
    let waits_for_lock = |guard| {
        matches!(
            guard,
            Guard::LockFree(_) | Guard::Unowned(_) | Guard::Unwritten(_)
        )
    };
    if guards().any(waits_for_lock) {
        &DEADLOCK
    } else if guards().any(waits_for_reference) {
        &LEAKED_REFERENCE_WAIT
    } else if guards().any(waits_for_irp) {
        &IRP_LOST
    } else {
        &DEADLOCK
    }
}

/// Each thread that waits and for what, and each IRP that is still with the driver.
#[must_use]
pub fn who_waits(world: &World) -> String {
    let mut lines = Vec::new();
    for (number, thread) in world.threads.iter().enumerate() {
        if !thread.finished {
            let what = thread.pending.what;
            let object = world.object_name(thread.pending.object);
            lines.push(format!(
                "T{number} ({}) can never: {what} {object}",
                thread.name
            ));
        }
    }
    for (number, irp) in world.irps.iter() {
        if irp.dispatched && !irp.completed {
            let state = match (irp.queued, irp.cancel_requested) {
                (Some(_), true) => "in a queue, and canceled",
                (Some(_), false) => "in a queue",
                (None, true) => "in no queue, and canceled",
                (None, false) => "in no queue",
            };
            lines.push(format!(
                "{} is not completed; it is {state}",
                world.irp_name(number)
            ));
        }
    }
    lines.join("; ")
}
