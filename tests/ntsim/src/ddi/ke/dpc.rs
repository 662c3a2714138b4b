//! Deferred procedure calls.
//!
//! Each call is a thread of the run, on a processor of its own at `DISPATCH_LEVEL`.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{enter, exports};
use crate::finding;
use crate::machine::{self, MAX_THREADS};
use crate::manager::enter_driver;
use crate::nt::dpc;
use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::deferred::Dpc;
use crate::world::step::kernel::{DPC_QUEUES, IN_DRIVER};
use crate::world::step::{Effect, Span, Touches};

exports! {
    KeInitializeDpc, KeInsertQueueDpc, KeRemoveQueueDpc, KeFlushQueuedDpcs, KeSetImportanceDpc,
    KeSetTargetProcessorDpc, KeSetTargetProcessorDpcEx,
}

pub extern "win64" fn KeInitializeDpc(dpc: usize, routine: usize, context: usize) {
    if world::with(|world| world.deferred.dpcs.contains_key(&dpc)) {
        schedule::object_point("KeInitializeDpc", dpc, dpc::SIZE);
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
    }
    free.is_some()
}

/// If DPCs preempt, the one of this thread is called on the processor of a thread, which so cannot go on.
/// At a raised IRQL that thread cannot be interrupted.
pub fn preempt(thread: usize, of: usize) {
    if !machine::with(|machine| machine.settings.preemption) {
        return;
    }
    world::with(|world| {
        let processor = Some(of as u32);
        for it in [thread, of] {
            if let Some(it) = world.threads.get_mut(it) {
                it.on = processor;
            }
        }
        if let Some(it) = world.threads.get_mut(thread) {
            it.preempts = Some((of, false));
        }
    });
}

fn take_processor() {
    world::with(|world| {
        if let Some((_, has)) = &mut world.thread().preempts {
            *has = true;
        }
    });
}

/// A DPC is queued or called.
fn touches(address: usize) -> Touches {
    Touches::write(address, dpc::SIZE).and(Span::new(DPC_QUEUES, 1), Effect::Count)
}

/// The current thread calls the DPC that is queued for it.
pub fn run(address: usize) {
    world::with(|world| world.thread().irql = DISPATCH_LEVEL);
    schedule::step("DPC runs", address, touches(address));
    take_processor();
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
        enter_driver("a DPC", routine, [address, context, first, second]);
        let queues = Touches::count(DPC_QUEUES, 1);
        schedule::step("", 0, queues.and(Span::new(IN_DRIVER, 1), Effect::Count));
    }
    world::with(|world| {
        let me = world.current;
        world.deferred.active.retain(|active| *active != me);
        world.thread().irql = PASSIVE_LEVEL;
    });
}

pub extern "win64" fn KeInsertQueueDpc(dpc: usize, first: usize, second: usize) -> u8 {
    schedule::step("KeInsertQueueDpc", dpc, touches(dpc));
    require("KeInsertQueueDpc", dpc);
    let thread = world::with(|world| world.threads.len());
    let queued = enqueue(dpc, [first, second], thread);
    if queued {
        let thread = schedule::spawn("DPC", None, move || run(dpc));
        preempt(thread, world::with(|world| world.current));
    }
    schedule::driver_point();
    u8::from(queued)
}

pub extern "win64" fn KeRemoveQueueDpc(dpc: usize) -> u8 {
    schedule::object_point("KeRemoveQueueDpc", dpc, dpc::SIZE);
    require("KeRemoveQueueDpc", dpc);
    u8::from(world::with(|world| world.dequeue(dpc)))
}

/// Waits for the DPCs that are queued or run now. A timer that expires later is not waited for.
pub extern "win64" fn KeFlushQueuedDpcs() {
    enter("KeFlushQueuedDpcs", PASSIVE_LEVEL);
    schedule::object_point("KeFlushQueuedDpcs", DPC_QUEUES, 1);
    wait_for_active();
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
