//! Spin locks.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::DISPATCH_LEVEL;
use crate::race;
use crate::rule;
use crate::schedule;
use crate::world::thread::{Guard, Touches};
use crate::world::{self, CANCEL_LOCK};

exports! {
    KeInitializeSpinLock, KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock, KeAcquireSpinLockAtDpcLevel,
    KeReleaseSpinLockFromDpcLevel, KeAcquireInStackQueuedSpinLock, KeReleaseInStackQueuedSpinLock,
    KeTryToAcquireSpinLockAtDpcLevel,
}

/// Takes a lock at `DISPATCH_LEVEL` and returns the IRQL from before.
pub fn acquire(lock: usize) -> u8 {
    enter("KeAcquireSpinLock", DISPATCH_LEVEL);
    finding::check(world::with(|world| rule::lock::check_acquire(world, lock)));
    let old = world::with(|world| std::mem::replace(&mut world.thread().irql, DISPATCH_LEVEL));
    schedule::point(
        "acquire spin lock",
        lock,
        Touches::Object(lock),
        Guard::LockFree(lock),
    );
    take(lock);
    old
}

/// Makes a free lock this thread's.
fn take(lock: usize) {
    let owner = world::with(|world| {
        let me = world.current;
        world.locks.insert(lock, me);
        world.thread().held.push(lock);
        me
    });
    if lock != CANCEL_LOCK {
        let word: usize = guest::read(lock);
        if word != 0 {
            finding::raise(
                &rule::lock::NOT_INITIALIZED,
                format!("the spin lock at {lock:#x} is free, but has the value {word:#x}"),
            );
        }
        guest::write(lock, owner + 1);
    }
    race::acquire(lock);
}

/// Gives a lock back. The IRQL becomes `irql`, or stays.
pub fn release(lock: usize, irql: Option<u8>) {
    finding::check(world::with(|world| {
        rule::lock::check_release(world, lock, irql)
    }));
    race::release(lock);
    if lock != CANCEL_LOCK {
        guest::write(lock, 0usize);
    }
    world::with(|world| {
        world.locks.remove(&lock);
        world.thread().held.retain(|held| *held != lock);
        if let Some(irql) = irql {
            world.thread().irql = irql;
        }
        world.log("release spin lock", lock, None);
    });
    schedule::driver_point();
}

fn require_dispatch_level(routine: &str) {
    let irql = world::with(|world| world.thread().irql);
    if irql < DISPATCH_LEVEL {
        finding::raise(
            &rule::irql::TOO_LOW,
            format!("{routine} was called at IRQL {irql}"),
        );
    }
}

pub extern "win64" fn KeInitializeSpinLock(lock: usize) {
    guest::write(lock, 0usize);
}

pub extern "win64" fn KeAcquireSpinLockRaiseToDpc(lock: usize) -> u8 {
    acquire(lock)
}

pub extern "win64" fn KeReleaseSpinLock(lock: usize, irql: u8) {
    release(lock, Some(irql));
}

pub extern "win64" fn KeAcquireSpinLockAtDpcLevel(lock: usize) {
    require_dispatch_level("KeAcquireSpinLockAtDpcLevel");
    acquire(lock);
}

pub extern "win64" fn KeReleaseSpinLockFromDpcLevel(lock: usize) {
    release(lock, None);
}

pub extern "win64" fn KeTryToAcquireSpinLockAtDpcLevel(lock: usize) -> u8 {
    require_dispatch_level("KeTryToAcquireSpinLockAtDpcLevel");
    schedule::object_point("try to acquire spin lock", lock);
    let free = world::with(|world| !world.locks.contains_key(&lock));
    if free {
        take(lock);
    }
    u8::from(free)
}

/// `KLOCK_QUEUE_HANDLE`.
mod queue_handle {
    pub const LOCK: usize = 0x08;
    pub const OLD_IRQL: usize = 0x10;
}

pub extern "win64" fn KeAcquireInStackQueuedSpinLock(lock: usize, handle: usize) {
    let irql = acquire(lock);
    guest::write(handle + queue_handle::LOCK, lock);
    guest::write(handle + queue_handle::OLD_IRQL, irql);
}

pub extern "win64" fn KeReleaseInStackQueuedSpinLock(handle: usize) {
    let lock = guest::read(handle + queue_handle::LOCK);
    release(lock, Some(guest::read(handle + queue_handle::OLD_IRQL)));
}
