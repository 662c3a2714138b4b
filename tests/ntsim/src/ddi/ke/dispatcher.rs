//! Events, semaphores and waiting.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::status::{SUCCESS, TIMEOUT};
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::dispatcher::Dispatcher;
use crate::world::step::Touches;
use crate::world::thread::Guard;

exports! {
    KeInitializeEvent, KeSetEvent, KeClearEvent, KeResetEvent, KeReadStateEvent, KeInitializeSemaphore,
    KeReleaseSemaphore, KeReadStateSemaphore, KeWaitForSingleObject, KeDelayExecutionThread,
}

/// `KEVENT.Header.SignalState`, kept in step for a driver that looks at it.
pub const SIGNAL_STATE: usize = 0x04;
/// `sizeof(DISPATCHER_HEADER)`, with which all begin that can be waited for.
pub const HEADER_SIZE: usize = 0x18;
/// `sizeof(KEVENT)`.
const EVENT_SIZE: usize = 0x18;
/// `sizeof(KSEMAPHORE)`.
const SEMAPHORE_SIZE: usize = 0x20;

pub extern "win64" fn KeInitializeEvent(event: usize, kind: i32, state: u8) {
    const NOTIFICATION_EVENT: i32 = 0;
    guest::fill(event, EVENT_SIZE, 0);
    guest::write(event + SIGNAL_STATE, i32::from(state != 0));
    let event_state = Dispatcher::Event {
        notification: kind == NOTIFICATION_EVENT,
        signaled: state != 0,
    };
    world::with(|world| world.dispatchers.initialize(event, event_state));
}

/// Sets an event and returns its state from before.
fn set_event(routine: &'static str, event: usize, state: bool) -> i32 {
    enter(routine, DISPATCH_LEVEL);
    schedule::object_point(routine, event, EVENT_SIZE);
    let old = world::with(|world| match world.dispatchers.get_mut(event) {
        Some(Dispatcher::Event { signaled, .. }) => Some(std::mem::replace(signaled, state)),
        _ => None,
    });
    let Some(old) = old else {
        no_object(routine, event)
    };
    guest::write(event + SIGNAL_STATE, i32::from(state));
    if state {
        schedule::driver_point();
    }
    i32::from(old)
}

/// The I/O manager sets an event.
pub fn signal_event(event: usize) {
    set_event("set the event of a request", event, true);
}

pub fn no_object(routine: &str, object: usize) -> ! {
    finding::raise(
        &rule::object::NOT_INITIALIZED,
        format!("{routine} was called for {object:#x}, where no such object was initialized"),
    )
}

pub extern "win64" fn KeSetEvent(event: usize, _increment: i32, wait: u8) -> i32 {
    if wait != 0 {
        // A wait follows at once.
        enter("KeSetEvent with Wait", APC_LEVEL);
    }
    set_event("KeSetEvent", event, true)
}

pub extern "win64" fn KeClearEvent(event: usize) {
    set_event("KeClearEvent", event, false);
}

pub extern "win64" fn KeResetEvent(event: usize) -> i32 {
    set_event("KeResetEvent", event, false)
}

pub extern "win64" fn KeReadStateEvent(event: usize) -> i32 {
    schedule::step("KeReadStateEvent", event, Touches::read(event, EVENT_SIZE));
    i32::from(world::with(|world| world.dispatchers.is_signaled(event)))
}

pub extern "win64" fn KeInitializeSemaphore(semaphore: usize, count: i32, limit: i32) {
    guest::fill(semaphore, SEMAPHORE_SIZE, 0);
    guest::write(semaphore + SIGNAL_STATE, count);
    world::with(|world| {
        world
            .dispatchers
            .initialize(semaphore, Dispatcher::Semaphore { count, limit });
    });
}

pub extern "win64" fn KeReleaseSemaphore(
    semaphore: usize,
    _increment: i32,
    adjustment: i32,
    _wait: u8,
) -> i32 {
    enter("KeReleaseSemaphore", DISPATCH_LEVEL);
    schedule::object_point("KeReleaseSemaphore", semaphore, SEMAPHORE_SIZE);
    let counts = world::with(|world| match world.dispatchers.get_mut(semaphore) {
        Some(Dispatcher::Semaphore { count, limit }) => {
            let old = *count;
            *count += adjustment;
            Some((old, *count, *limit))
        }
        _ => None,
    });
    let Some((old, new, limit)) = counts else {
        no_object("KeReleaseSemaphore", semaphore)
    };
    if new > limit {
        finding::raise(
            &rule::object::SEMAPHORE_LIMIT,
            format!("a semaphore with the limit {limit} is released to {new}"),
        );
    }
    guest::write(semaphore + SIGNAL_STATE, new);
    schedule::driver_point();
    old
}

pub extern "win64" fn KeReadStateSemaphore(semaphore: usize) -> i32 {
    let touches = Touches::read(semaphore, SEMAPHORE_SIZE);
    schedule::step("KeReadStateSemaphore", semaphore, touches);
    guest::read(semaphore + SIGNAL_STATE)
}

pub extern "win64" fn KeWaitForSingleObject(
    object: usize,
    _reason: i32,
    _mode: u8,
    _alertable: u8,
    timeout: usize,
) -> u32 {
    let poll = timeout != 0 && guest::read::<i64>(timeout) == 0;
    enter(
        "KeWaitForSingleObject",
        if poll { DISPATCH_LEVEL } else { APC_LEVEL },
    );
    wait(object, timeout != 0)
}

/// Waits for a dispatcher object. With a timeout, time may pass before or after whatever the other
/// threads do: when this thread is picked and the object is not signaled, the time is over.
pub fn wait(object: usize, timeout: bool) -> u32 {
    if world::with(|world| world.dispatchers.get_mut(object).is_none()) {
        no_object("KeWaitForSingleObject", object);
    }
    let guard = if timeout || world::with(|world| world.dispatchers.has(world.current, object)) {
        Guard::Always
    } else {
        Guard::Signaled(object)
    };
    schedule::point(
        "wait for object",
        object,
        Touches::write(object, HEADER_SIZE),
        guard,
    );
    if world::with(|world| world.dispatchers.get_mut(object).is_none()) {
        no_object("KeWaitForSingleObject", object);
    }
    let signaled = world::with(|world| world.take(object));
    if !signaled {
        return TIMEOUT;
    }
    SUCCESS
}

/// Waits for one or all of the objects that the thread's record names. Returns the index of the one that was signaled, or
/// `STATUS_TIMEOUT`.
pub fn wait_all(touches: Touches, all: bool, timeout: bool) -> u32 {
    let me = world::with(|world| world.current);
    let guard = if timeout {
        Guard::Always
    } else {
        Guard::Waits { thread: me, all }
    };
    schedule::point("wait for objects", 0, touches, guard);
    world::with(|world| {
        let objects = std::mem::take(&mut world.thread().waits);
        let mut free = objects.iter().map(|object| world.is_free_for_me(*object));
        if all {
            if !free.all(|it| it) {
                return TIMEOUT;
            }
            for object in objects {
                world.take(object);
            }
            return SUCCESS;
        }
        let Some(index) = free.position(|it| it) else {
            return TIMEOUT;
        };
        if let Some(object) = objects.get(index) {
            world.take(*object);
        }
        index as u32
    })
}

pub extern "win64" fn KeDelayExecutionThread(_mode: u8, _alertable: u8, interval: usize) -> u32 {
    enter("KeDelayExecutionThread", APC_LEVEL);
    let interval: i64 = guest::read(interval);
    world::with(|world| world.time += interval.unsigned_abs());
    schedule::driver_point();
    SUCCESS
}
