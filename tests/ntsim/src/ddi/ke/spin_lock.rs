//! Spin locks.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{enter, exports};
use crate::finding;
use crate::guest;
use crate::machine;
use crate::nt::DISPATCH_LEVEL;
use crate::race;
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::step::Touches;
use crate::world::step::kernel::CANCEL_LOCK;
use crate::world::thread::Guard;

exports! {
    KeInitializeSpinLock, KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock, KeAcquireSpinLockAtDpcLevel,
    KeReleaseSpinLockFromDpcLevel, KeAcquireInStackQueuedSpinLock, KeReleaseInStackQueuedSpinLock,
    KeTryToAcquireSpinLockAtDpcLevel, KeAcquireInStackQueuedSpinLockAtDpcLevel,
    KeReleaseInStackQueuedSpinLockFromDpcLevel, KeAcquireSpinLockForDpc, KeReleaseSpinLockForDpc, KeTestSpinLock,
}

/// Takes a lock at `DISPATCH_LEVEL` and returns the IRQL from before.
pub fn acquire(lock: usize) -> u8 {
    enter("KeAcquireSpinLock", DISPATCH_LEVEL);
    finding::check(world::with(|world| rule::lock::check_acquire(world, lock)));
    let old = world::with(|world| std::mem::replace(&mut world.thread().irql, DISPATCH_LEVEL));
    schedule::point(
        "acquire spin lock",
        lock,
        Touches::write(lock, 1),
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
}

/// Whether the driver can try to take a lock.
fn is_tried() -> bool {
    machine::with(|machine| {
        let mut imports = machine.image.imports().iter();
        imports.any(|import| import.name.ends_with("!KeTryToAcquireSpinLockAtDpcLevel"))
    })
}

/// Gives a lock back. The IRQL becomes `irql`, or stays.
pub fn release(lock: usize, irql: Option<u8>) {
    finding::check(world::with(|world| {
        rule::lock::check_release(world, lock, irql)
    }));
    if is_tried() {
        // Who only tries to take it can tell. It is no step on the lock itself, which who waits for it depends
        // on: those two can never come in the other order.
        schedule::object_point("", lock + 1, 1);
    }
    if lock != CANCEL_LOCK {
        guest::write(lock, 0usize);
    }
    race::release(lock);
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
    schedule::object_point("try to acquire spin lock", lock, 2);
    let free = world::with(|world| !world.locks.contains_key(&lock));
    if free {
        race::acquire(lock);
        take(lock);
    }
    u8::from(free)
}

/// `KLOCK_QUEUE_HANDLE`.
mod queue_handle {
    pub const LOCK: usize = 0x08;
    pub const OLD_IRQL: usize = 0x10;
    pub const SIZE: usize = 0x18;
}

/// A queue handle is put in front of others, or taken out of the queue. Those on a thread's own stack are its
/// own business.
fn enqueue(handle: usize, taken: bool) {
    if !guest::is_shared(handle) {
        return;
    }
    schedule::object_point("", handle, queue_handle::SIZE);
    let fresh = world::with(|world| {
        if taken {
            world.lock_handles.insert(handle)
        } else {
            world.lock_handles.remove(&handle)
        }
    });
    if taken && !fresh {
        finding::raise(
            &rule::lock::HANDLE_IN_USE,
            format!(
                "the KLOCK_QUEUE_HANDLE at {} is used by another acquisition",
                world::with(|world| world.object_name(handle))
            ),
        );
    }
}

pub extern "win64" fn KeAcquireInStackQueuedSpinLock(lock: usize, handle: usize) {
    enqueue(handle, true);
    let irql = acquire(lock);
    guest::write(handle + queue_handle::LOCK, lock);
    guest::write(handle + queue_handle::OLD_IRQL, irql);
}

pub extern "win64" fn KeReleaseInStackQueuedSpinLock(handle: usize) {
    let lock = guest::read(handle + queue_handle::LOCK);
    let irql = guest::read(handle + queue_handle::OLD_IRQL);
    enqueue(handle, false);
    release(lock, Some(irql));
}

pub extern "win64" fn KeAcquireInStackQueuedSpinLockAtDpcLevel(lock: usize, handle: usize) {
    require_dispatch_level("KeAcquireInStackQueuedSpinLockAtDpcLevel");
    KeAcquireInStackQueuedSpinLock(lock, handle);
}

pub extern "win64" fn KeReleaseInStackQueuedSpinLockFromDpcLevel(handle: usize) {
    let lock = guest::read(handle + queue_handle::LOCK);
    enqueue(handle, false);
    release(lock, None);
}

pub extern "win64" fn KeAcquireSpinLockForDpc(lock: usize) -> u8 {
    acquire(lock)
}

pub extern "win64" fn KeReleaseSpinLockForDpc(lock: usize, irql: u8) {
    release(lock, Some(irql));
}

/// Whether nobody has it.
pub extern "win64" fn KeTestSpinLock(lock: usize) -> u8 {
    schedule::step("KeTestSpinLock", lock, Touches::read(lock, 2));
    u8::from(world::with(|world| !world.locks.contains_key(&lock)))
}
