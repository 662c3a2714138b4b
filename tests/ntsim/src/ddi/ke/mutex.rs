//! Ke: mutexes, and waiting for several objects.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::dispatcher::{HEADER_SIZE, no_object, wait_all};
use crate::ddi::{enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::dispatcher::Dispatcher;
use crate::world::step::{Effect, Span, Touches};

exports! { KeInitializeMutex, KeReleaseMutex, KeReadStateMutex, KeWaitForMultipleObjects, KeWaitForMutexObject }

/// `sizeof(KMUTEX)`.
const SIZE: usize = 0x38;

pub extern "win64" fn KeInitializeMutex(mutex: usize, _level: u32) {
    guest::fill(mutex, SIZE, 0);
    guest::write(mutex + super::dispatcher::SIGNAL_STATE, 1u32);
    world::with(|world| {
        let free = Dispatcher::Mutex { owner: None };
        world.dispatchers.initialize(mutex, free);
    });
}

pub extern "win64" fn KeReleaseMutex(mutex: usize, _wait: u8) -> i32 {
    enter("KeReleaseMutex", DISPATCH_LEVEL);
    schedule::object_point("KeReleaseMutex", mutex, SIZE);
    let me = world::with(|world| world.current);
    let depth = world::with(|world| match world.dispatchers.get_mut(mutex) {
        Some(Dispatcher::Mutex { owner }) => {
            let depth = owner
                .filter(|(thread, _)| *thread == me)
                .map(|(_, depth)| depth);
            if let Some(depth) = depth {
                *owner = (depth > 1).then_some((me, depth - 1));
            }
            Some(depth)
        }
        _ => None,
    });
    let Some(depth) = depth else {
        no_object("KeReleaseMutex", mutex)
    };
    let Some(depth) = depth else {
        finding::raise(
            &rule::mutex::NOT_OWNED,
            "KeReleaseMutex was called by a thread that does not have the mutex".into(),
        )
    };
    if depth == 1 {
        world::with(|world| {
            let thread = world.thread();
            thread.critical = thread.critical.saturating_sub(1);
        });
        guest::write(mutex + super::dispatcher::SIGNAL_STATE, 1u32);
        schedule::driver_point();
    }
    1 - depth as i32
}

pub extern "win64" fn KeReadStateMutex(mutex: usize) -> i32 {
    schedule::step("KeReadStateMutex", mutex, Touches::read(mutex, SIZE));
    i32::from(world::with(|world| world.dispatchers.is_signaled(mutex)))
}

pub extern "win64" fn KeWaitForMutexObject(
    mutex: usize,
    reason: i32,
    mode: u8,
    alertable: u8,
    timeout: usize,
) -> u32 {
    super::dispatcher::KeWaitForSingleObject(mutex, reason, mode, alertable, timeout)
}

pub extern "win64" fn KeWaitForMultipleObjects(
    count: u32,
    objects: usize,
    kind: i32,
    _reason: i32,
    _mode: u8,
    _alertable: u8,
    timeout: usize,
    _blocks: usize,
) -> u32 {
    /// `MAXIMUM_WAIT_OBJECTS`.
    const MOST: u32 = 64;
    /// `WaitAll`.
    const ALL: i32 = 0;
    let poll = timeout != 0 && guest::read::<i64>(timeout) == 0;
    enter(
        "KeWaitForMultipleObjects",
        if poll { DISPATCH_LEVEL } else { APC_LEVEL },
    );
    if count == 0 || count > MOST {
        finding::raise(
            &rule::object::NOT_INITIALIZED,
            format!("KeWaitForMultipleObjects was called for {count} objects"),
        );
    }
    world::with(|world| world.thread().waits.clear());
    let mut touches = Touches::OWN;
    for index in 0..count as usize {
        let object: usize = guest::read(objects + index * size_of::<usize>());
        if world::with(|world| world.dispatchers.get_mut(object).is_none()) {
            no_object("KeWaitForMultipleObjects", object);
        }
        let span = Span::new(object, HEADER_SIZE);
        touches = touches.and(span, Effect::Write);
        world::with(|world| world.thread().waits.push(object));
    }
    wait_all(touches, kind == ALL, timeout != 0)
}
