//! Io: remove locks.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{enter, exports};
use crate::fault::{self, Point};
use crate::finding;
use crate::guest;
use crate::nt::status::{DELETE_PENDING, SUCCESS};
use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use crate::race;
use crate::rule::reference::{REMOVE_LOCK_NOT_INITIALIZED, REMOVE_LOCK_TAG, REMOVE_LOCK_UNDERFLOW};
use crate::schedule;
use crate::world::step::Touches;
use crate::world::thread::Guard;
use crate::world::{self, RemoveLock};

exports! { IoInitializeRemoveLockEx, IoAcquireRemoveLockEx, IoReleaseRemoveLockEx, IoReleaseRemoveLockAndWaitEx }

/// `sizeof(IO_REMOVE_LOCK)` of a free build.
const SIZE: usize = 0x20;

pub extern "win64" fn IoInitializeRemoveLockEx(
    lock: usize,
    _tag: u32,
    _minutes: u32,
    _high_water: u32,
    size: u32,
) {
    enter("IoInitializeRemoveLock", PASSIVE_LEVEL);
    guest::fill(lock, size as usize, 0);
    let fresh = RemoveLock {
        count: 1,
        ..RemoveLock::default()
    };
    world::with(|world| world.remove_locks.insert(lock, fresh));
}

/// Works with an initialized lock.
fn with_lock<R>(routine: &'static str, lock: usize, work: impl FnOnce(&mut RemoveLock) -> R) -> R {
    let result = world::with(|world| world.remove_locks.get_mut(&lock).map(work));
    let Some(result) = result else {
        finding::raise(
            &REMOVE_LOCK_NOT_INITIALIZED,
            format!("{routine} was called for {lock:#x}, which was not initialized"),
        )
    };
    result
}

pub extern "win64" fn IoAcquireRemoveLockEx(
    lock: usize,
    tag: usize,
    _file: usize,
    _line: u32,
    _size: u32,
) -> u32 {
    enter("IoAcquireRemoveLock", DISPATCH_LEVEL);
    schedule::counter_point("IoAcquireRemoveLock", lock, SIZE);
    if fault::fails(Point::RemoveLock) {
        return Point::RemoveLock.status();
    }
    with_lock("IoAcquireRemoveLock", lock, |state| {
        if state.removed {
            return DELETE_PENDING;
        }
        state.count += 1;
        state.tags.push(tag);
        SUCCESS
    })
}

/// Gives a reference back, and with `also_own` the device's own.
fn give_back(routine: &'static str, lock: usize, tag: usize, also_own: bool) {
    if also_own {
        schedule::object_point(routine, lock, SIZE);
    } else {
        schedule::counter_point(routine, lock, SIZE);
    }
    race::release(lock);
    let (found, count) = with_lock(routine, lock, |state| {
        let position = state.tags.iter().position(|taken| *taken == tag);
        if let Some(position) = position {
            state.tags.swap_remove(position);
        }
        state.count -= 1;
        if also_own {
            state.removed = true;
            state.count -= 1;
        }
        (position.is_some(), state.count)
    });
    // Before removal one reference is the device's own.
    if count < 0 || (!found && count == 0) {
        finding::raise(
            &REMOVE_LOCK_UNDERFLOW,
            format!("{routine} gave back more references than were taken"),
        );
    }
    if !found {
        finding::raise(
            &REMOVE_LOCK_TAG,
            format!(
                "{routine} was called with the tag {tag:#x}, with which no reference was taken"
            ),
        );
    }
}

pub extern "win64" fn IoReleaseRemoveLockEx(lock: usize, tag: usize, _size: u32) {
    enter("IoReleaseRemoveLock", DISPATCH_LEVEL);
    give_back("IoReleaseRemoveLock", lock, tag, false);
    schedule::driver_point();
}

pub extern "win64" fn IoReleaseRemoveLockAndWaitEx(lock: usize, tag: usize, _size: u32) {
    enter("IoReleaseRemoveLockAndWait", PASSIVE_LEVEL);
    give_back("IoReleaseRemoveLockAndWait", lock, tag, true);
    schedule::point(
        "wait for the remove lock",
        lock,
        Touches::NOTHING,
        Guard::Removed(lock),
    );
    race::acquire(lock);
}
