//! Deferred procedure calls.
//!
//! Each call is a thread of the run, on a processor of its own at `DISPATCH_LEVEL`.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{enter, exports};
use crate::finding;
use crate::machine::MAX_THREADS;
use crate::manager::enter_driver;
use crate::nt::dpc;
use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use crate::race;
use crate::rule;
use crate::schedule;
use crate::world::deferred::Dpc;
use crate::world::thread::{Guard, Touches};
use crate::world::{self, DPC_QUEUES};

exports! {
    KeInitializeDpc, KeInsertQueueDpc, KeRemoveQueueDpc, KeFlushQueuedDpcs, KeSetImportanceDpc,
    KeSetTargetProcessorDpc, KeSetTargetProcessorDpcEx,
}

pub extern "win64" fn KeInitializeDpc(dpc: usize, routine: usize, context: usize) {
    if world::with(|world| world.deferred.dpcs.contains_key(&dpc)) {
        schedule::object_point("KeInitializeDpc", dpc);
    }
    let queued = world::with(|world| world.deferred.queued_in(dpc..dpc + 1));
    if queued.is_some() {
        finding::raise(
            &rule::deferred::DPC_QUEUED,
            "KeInitializeDpc of a DPC that is queued".into(),
        );
    }
    dpc::initialize(dpc, routine, context);
    let state = Dpc {
        routine,
        context,
        ..Dpc::default()
    };
    world::with(|world| world.deferred.dpcs.insert(dpc, state));
}

/// Raises a finding for a DPC that was not initialized.
pub fn require(routine: &str, dpc: usize) {
    if world::with(|world| !world.deferred.dpcs.contains_key(&dpc)) {
        finding::raise(
            &rule::object::NOT_INITIALIZED,
            format!("{routine} was called for {dpc:#x}, where no DPC was initialized"),
        );
    }
}

/// Puts a DPC into the queue, to be called by `thread`. `false` if it is in it already.
pub fn enqueue(address: usize, arguments: [usize; 2], thread: usize) -> bool {
    let free = world::with(|world| {
        let dpc = world.deferred.dpcs.get_mut(&address)?;
        if dpc.queued.is_some() {
            return None;
        }
        dpc.queued = Some(thread);
        dpc.arguments = arguments;
        world.deferred.active.push(thread);
        Some(())
    });
    if free.is_some() {
        dpc::set_arguments(address, arguments);
        race::release(address);
    }
    free.is_some()
}

/// The current thread calls the DPC that is queued for it.
pub fn run(address: usize) {
    world::with(|world| world.thread().irql = DISPATCH_LEVEL);
    let touches = Touches::Deferred {
        timer: 0,
        dpc: address,
    };
    schedule::point("DPC runs", address, touches, Guard::Always);
    let call = world::with(|world| {
        let me = world.current;
        let dpc = world.deferred.dpcs.get_mut(&address)?;
        let mine = dpc.queued == Some(me);
        mine.then(|| {
            dpc.queued = None;
            *dpc
        })
    });
    // Otherwise it was taken out of the queue.
    if let Some(Dpc {
        routine,
        context,
        arguments: [first, second],
        ..
    }) = call
    {
        race::acquire(address);
        enter_driver("a DPC", routine, [address, context, first, second]);
        race::release(DPC_QUEUES);
    }
    world::with(|world| {
        let me = world.current;
        world.deferred.active.retain(|active| *active != me);
        world.thread().irql = PASSIVE_LEVEL;
    });
}

pub extern "win64" fn KeInsertQueueDpc(dpc: usize, first: usize, second: usize) -> u8 {
    let touches = Touches::Deferred { timer: 0, dpc };
    schedule::point("KeInsertQueueDpc", dpc, touches, Guard::Always);
    require("KeInsertQueueDpc", dpc);
    let thread = world::with(|world| world.threads.len());
    let queued = enqueue(dpc, [first, second], thread);
    if queued {
        schedule::spawn("DPC", None, move || run(dpc));
    }
    schedule::driver_point();
    u8::from(queued)
}

pub extern "win64" fn KeRemoveQueueDpc(dpc: usize) -> u8 {
    schedule::object_point("KeRemoveQueueDpc", dpc);
    require("KeRemoveQueueDpc", dpc);
    race::acquire(dpc);
    u8::from(world::with(|world| world.dequeue(dpc)))
}

/// Waits for the DPCs that are queued or run now. A timer that expires later is not waited for.
pub extern "win64" fn KeFlushQueuedDpcs() {
    enter("KeFlushQueuedDpcs", PASSIVE_LEVEL);
    schedule::object_point("KeFlushQueuedDpcs", DPC_QUEUES);
    wait_for_active();
    // What DPCs did that had ended before is ordered too.
    race::acquire(DPC_QUEUES);
}

/// Waits for the DPCs that are queued or run.
pub fn wait_for_active() {
    // No vector: nothing may be owned at a point (see `cpu::leave`).
    let mut active = [false; MAX_THREADS];
    world::with(|world| {
        for &thread in &world.deferred.active {
            if let Some(slot) = active.get_mut(thread) {
                *slot = true;
            }
        }
    });
    for thread in (0..MAX_THREADS).filter(|&thread| active.get(thread) == Some(&true)) {
        schedule::join(thread);
    }
}

pub extern "win64" fn KeSetImportanceDpc(_dpc: usize, _importance: i32) {}

pub extern "win64" fn KeSetTargetProcessorDpc(_dpc: usize, _number: i8) {}

pub extern "win64" fn KeSetTargetProcessorDpcEx(_dpc: usize, _number: usize) -> u32 {
    crate::nt::status::SUCCESS
}
