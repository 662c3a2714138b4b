//! Ps: system threads.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

pub mod process;

use super::{enter, exports};
use crate::cpu::{self, Left};
use crate::finding;
use crate::guest;
use crate::nt::PASSIVE_LEVEL;
use crate::nt::status::{INSUFFICIENT_RESOURCES, SUCCESS};
use crate::rule::{self, irql::Entry};
use crate::schedule;
use crate::world;
use crate::world::dispatcher::Dispatcher;
use crate::world::step::{Effect, Span, Touches, kernel};

exports! { PsCreateSystemThread, PsTerminateSystemThread, PsGetCurrentThread, PsGetCurrentProcess }

pub extern "win64" fn PsCreateSystemThread(
    handle: usize,
    _access: u32,
    _attributes: usize,
    _process: usize,
    _client: usize,
    start: usize,
    context: usize,
) -> u32 {
    /// About the size of a thread object; the driver must not look inside.
    const THREAD_OBJECT: usize = 0x400;
    enter("PsCreateSystemThread", PASSIVE_LEVEL);
    let Some(object) = world::allocate(THREAD_OBJECT, 0) else {
        return INSUFFICIENT_RESOURCES;
    };
    let value = world::with(|world| {
        world
            .dispatchers
            .initialize(object, Dispatcher::Thread { ended: false });
        world.new_handle(object)
    });
    guest::write(handle, value);
    schedule::spawn("system thread", Some(object), move || {
        run(start, context, object);
    });
    SUCCESS
}

/// The body of a system thread.
fn run(start: usize, context: usize, object: usize) {
    let entry = world::with(Entry::of);
    match cpu::call_driver(start, [context, 0, 0, 0]) {
        Err(Left::Finding) => schedule::stop(),
        Ok(_) | Err(Left::ThreadEnded) => {}
    }
    finding::check(world::with(|world| entry.check(world, "a system thread")));
    let touches = Touches::write(object, 1).and(Span::new(kernel::IN_DRIVER, 1), Effect::Count);
    schedule::step("system thread ends", object, touches);
    world::with(|world| {
        world
            .dispatchers
            .initialize(object, Dispatcher::Thread { ended: true });
    });
}

pub extern "win64" fn PsTerminateSystemThread(_status: u32) -> u32 {
    enter("PsTerminateSystemThread", PASSIVE_LEVEL);
    if world::with(|world| world.thread().object.is_none()) {
        finding::raise(
            &rule::object::BAD_HANDLE,
            "PsTerminateSystemThread in a thread that the driver did not make".into(),
        );
    }
    cpu::leave(Left::ThreadEnded);
    SUCCESS
}

/// The number of the process.
pub const PROCESS_ID: usize = 0x1234;

pub extern "win64" fn PsGetCurrentThread() -> usize {
    world::with(|world| world.thread().processor.thread)
}

pub extern "win64" fn PsGetCurrentProcess() -> usize {
    /// See `IoGetCurrentProcess`.
    const PROCESS: usize = 0x400;
    world::with(|world| {
        world
            .threads
            .first()
            .map_or(0, |it| it.processor.thread + PROCESS)
    })
}
