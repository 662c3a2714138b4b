//! Ke: IRQL, time, bug checks. Critical regions, spin locks, dispatcher objects, timers and DPCs are below.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

pub mod dispatcher;
pub mod dpc;
pub mod mutex;
pub mod queue;
pub mod region;
pub mod spin_lock;
pub mod time;
pub mod timer;

use super::{enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::DISPATCH_LEVEL;
use crate::rule;
use crate::world;

exports! {
    KeGetCurrentIrql, KfRaiseIrql, KeLowerIrql, KeGetCurrentThread, KeQuerySystemTimePrecise, KeQueryInterruptTimePrecise,
    KeQueryPerformanceCounter, KeSetPriorityThread, KeBugCheckEx, KeBugCheck,
}

pub extern "win64" fn KeGetCurrentIrql() -> u8 {
    world::with(|world| world.thread().irql)
}

pub extern "win64" fn KfRaiseIrql(irql: u8) -> u8 {
    enter("KfRaiseIrql", irql);
    world::with(|world| std::mem::replace(&mut world.thread().irql, irql))
}

pub extern "win64" fn KeLowerIrql(irql: u8) {
    let (now, held) = world::with(|world| (world.thread().irql, world.thread().held.len()));
    if irql > now {
        finding::raise(
            &rule::irql::TOO_LOW,
            format!("KeLowerIrql raises from {now} to {irql}"),
        );
    }
    if irql < DISPATCH_LEVEL && held != 0 {
        finding::raise(
            &rule::lock::LOWERED,
            format!("KeLowerIrql lowers to {irql} with {held} spin lock(s) held"),
        );
    }
    world::with(|world| world.thread().irql = irql);
}

pub extern "win64" fn KeGetCurrentThread() -> usize {
    world::with(|world| world.thread().processor.thread)
}

/// Each look at the clock finds it a little later, so that a loop that waits for a time ends.
fn tick() -> u64 {
    /// One millisecond, in units of 100 ns.
    const STEP: u64 = 10_000;
    world::with(|world| {
        world.time += STEP;
        world.time
    })
}

pub extern "win64" fn KeQuerySystemTimePrecise(time: usize) {
    guest::write(time, tick());
}

pub extern "win64" fn KeQueryInterruptTimePrecise(counter: usize) -> u64 {
    let time = tick();
    guest::write(counter, time);
    time
}

pub extern "win64" fn KeQueryPerformanceCounter(frequency: usize) -> u64 {
    const FREQUENCY: u64 = 10_000_000;
    if frequency != 0 {
        guest::write(frequency, FREQUENCY);
    }
    tick()
}

pub extern "win64" fn KeSetPriorityThread(_thread: usize, _priority: i32) -> i32 {
    /// The middle of the dynamic range, where threads start.
    const NORMAL: i32 = 8;
    NORMAL
}

pub extern "win64" fn KeBugCheckEx(
    code: u32,
    first: usize,
    second: usize,
    third: usize,
    fourth: usize,
) -> ! {
    finding::raise(
        &rule::fault::BUG_CHECK,
        format!("KeBugCheckEx({code:#x}, {first:#x}, {second:#x}, {third:#x}, {fourth:#x})"),
    )
}

pub extern "win64" fn KeBugCheck(code: u32) -> ! {
    finding::raise(&rule::fault::BUG_CHECK, format!("KeBugCheck({code:#x})"))
}
