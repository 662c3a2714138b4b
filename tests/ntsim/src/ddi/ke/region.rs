//! Critical and guarded regions, in which a thread is not suspended.
//!
//! A critical region disables normal kernel APCs, by which a thread is suspended and terminated; a guarded
//! region disables all APCs. Both can be nested.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{enter, exports};
use crate::finding;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::rule;
use crate::world;
use crate::world::thread::Thread;

exports! {
    KeEnterCriticalRegion, KeLeaveCriticalRegion, KeEnterGuardedRegion, KeLeaveGuardedRegion,
    KeAreApcsDisabled, KeAreAllApcsDisabled,
}

pub extern "win64" fn KeEnterCriticalRegion() {
    enter("KeEnterCriticalRegion", APC_LEVEL);
    world::with(|world| world.thread().critical += 1);
}

pub extern "win64" fn KeLeaveCriticalRegion() {
    enter("KeLeaveCriticalRegion", APC_LEVEL);
    leave("Critical", |thread| &mut thread.critical);
}

pub extern "win64" fn KeEnterGuardedRegion() {
    enter("KeEnterGuardedRegion", APC_LEVEL);
    world::with(|world| world.thread().guarded += 1);
}

pub extern "win64" fn KeLeaveGuardedRegion() {
    enter("KeLeaveGuardedRegion", APC_LEVEL);
    leave("Guarded", |thread| &mut thread.guarded);
}

/// Counts a depth down.
fn leave(kind: &str, depth: fn(&mut Thread) -> &mut u32) {
    let left = world::with(|world| {
        let depth = depth(world.thread());
        depth.checked_sub(1).map(|less| *depth = less)
    });
    if left.is_none() {
        finding::raise(
            &rule::irql::CRITICAL_REGION,
            format!("KeLeave{kind}Region without KeEnter{kind}Region"),
        );
    }
}

/// Whether normal kernel APCs are disabled by a region. The IRQL does not count.
pub extern "win64" fn KeAreApcsDisabled() -> u8 {
    enter("KeAreApcsDisabled", DISPATCH_LEVEL);
    world::with(|world| {
        let thread = world.thread();
        u8::from(thread.critical != 0 || thread.guarded != 0)
    })
}

/// Whether all APCs are disabled, by a guarded region or by the IRQL.
pub extern "win64" fn KeAreAllApcsDisabled() -> u8 {
    enter("KeAreAllApcsDisabled", DISPATCH_LEVEL);
    world::with(|world| {
        let thread = world.thread();
        u8::from(thread.guarded != 0 || thread.irql >= APC_LEVEL)
    })
}
