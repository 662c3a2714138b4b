//! Ex and Ke: mutexes, resources, push locks, and waiting for several objects.

use super::{broken_rule, memory};
use crate::ddi::ex::lock::{
    ExAcquireFastMutex, ExAcquirePushLockExclusiveEx, ExAcquireSpinLockExclusive,
    ExAcquireSpinLockShared, ExInitializeFastMutex, ExInitializePushLock, ExReleaseFastMutex,
    ExReleasePushLockExclusiveEx, ExReleaseSpinLockExclusive, ExReleaseSpinLockShared,
    ExTryToAcquireFastMutex, KeAcquireGuardedMutex, KeReleaseGuardedMutex,
};
use crate::ddi::ex::resource::{
    ExAcquireResourceExclusiveLite, ExAcquireResourceSharedLite, ExDeleteResourceLite,
    ExInitializeResourceLite, ExReleaseResourceLite,
};
use crate::ddi::ke::dispatcher::{KeInitializeEvent, KeSetEvent, KeWaitForSingleObject};
use crate::ddi::ke::mutex::{KeInitializeMutex, KeReleaseMutex, KeWaitForMultipleObjects};
use crate::ddi::ke::region::{KeEnterCriticalRegion, KeLeaveCriticalRegion};
use crate::guest;
use crate::nt::APC_LEVEL;
use crate::nt::DISPATCH_LEVEL;
use crate::nt::status::{SUCCESS, TIMEOUT};
use crate::schedule;
use crate::world;

const FAST_MUTEX: usize = 0x38;

fn fast_mutex() -> usize {
    let mutex = memory(FAST_MUTEX);
    ExInitializeFastMutex(mutex);
    mutex
}

fn resource() -> usize {
    let resource = memory(0x68);
    assert_eq!(ExInitializeResourceLite(resource), SUCCESS);
    resource
}

/// Two threads count in memory that a lock protects; what they come to is never less.
fn counts(lock: usize, acquire: fn(usize), release: fn(usize)) {
    let number = memory(4);
    let count = move || {
        acquire(lock);
        let seen: u32 = guest::read(number);
        schedule::driver_point();
        guest::write(number, seen + 1);
        release(lock);
    };
    let other = schedule::spawn("other", None, count);
    count();
    schedule::join(other);
    assert_eq!(guest::read::<u32>(number), 2);
}

#[test]
fn locks_exclude_each_other() {
    let broken = broken_rule(|| {
        counts(
            fast_mutex(),
            |it| ExAcquireFastMutex(it),
            |it| ExReleaseFastMutex(it),
        );
        counts(
            fast_mutex(),
            |it| KeAcquireGuardedMutex(it),
            |it| KeReleaseGuardedMutex(it),
        );
        let mutex = memory(0x38);
        KeInitializeMutex(mutex, 0);
        counts(
            mutex,
            |it| assert_eq!(KeWaitForSingleObject(it, 0, 0, 0, 0), SUCCESS),
            |it| _ = KeReleaseMutex(it, 0),
        );
    });
    assert_eq!(broken, None);
    let broken = broken_rule(|| {
        let resource = resource();
        counts(
            resource,
            |it| {
                KeEnterCriticalRegion();
                assert_eq!(ExAcquireResourceExclusiveLite(it, 1), 1);
            },
            |it| {
                ExReleaseResourceLite(it);
                KeLeaveCriticalRegion();
            },
        );
        ExDeleteResourceLite(resource);
        let lock = memory(8);
        ExInitializePushLock(lock);
        counts(
            lock,
            |it| {
                KeEnterCriticalRegion();
                ExAcquirePushLockExclusiveEx(it, 0);
            },
            |it| {
                ExReleasePushLockExclusiveEx(it, 0);
                KeLeaveCriticalRegion();
            },
        );
    });
    assert_eq!(broken, None);
}

#[test]
fn many_read_and_one_writes() {
    let broken = broken_rule(|| {
        let lock = memory(8);
        let old = ExAcquireSpinLockShared(lock);
        let reader = schedule::spawn("reader", None, move || {
            let old = ExAcquireSpinLockShared(lock);
            ExReleaseSpinLockShared(lock, old);
        });
        schedule::join(reader);
        let writer = schedule::spawn("writer", None, move || {
            let old = ExAcquireSpinLockExclusive(lock);
            assert!(world::with(|world| !world.threads[0].finished));
            ExReleaseSpinLockExclusive(lock, old);
        });
        ExReleaseSpinLockShared(lock, old);
        schedule::join(writer);
    });
    assert_eq!(broken, None);
}

#[test]
fn an_irql_comes_back() {
    let broken = broken_rule(|| {
        let mutex = fast_mutex();
        let irql = || world::with(|world| world.thread().irql);
        ExAcquireFastMutex(mutex);
        assert_eq!(irql(), APC_LEVEL);
        let other = schedule::spawn("other", None, move || {
            assert_eq!(ExTryToAcquireFastMutex(mutex), 0);
        });
        schedule::join(other);
        ExReleaseFastMutex(mutex);
        assert_eq!(irql(), 0);
    });
    assert_eq!(broken, None);
}

#[test]
fn misuse_of_mutexes_is_found() {
    assert_eq!(
        broken_rule(|| {
            let mutex = fast_mutex();
            ExAcquireFastMutex(mutex);
            ExAcquireFastMutex(mutex);
        }),
        Some("mutex-recursion")
    );
    assert_eq!(
        broken_rule(|| ExReleaseFastMutex(fast_mutex())),
        Some("mutex-not-owned")
    );
    assert_eq!(
        broken_rule(|| ExAcquireFastMutex(memory(FAST_MUTEX))),
        Some("object-not-initialized")
    );
    assert_eq!(
        broken_rule(|| {
            let mutex = fast_mutex();
            world::with(|world| world.thread().irql = DISPATCH_LEVEL);
            ExAcquireFastMutex(mutex);
        }),
        Some("irql-too-high")
    );
    assert_eq!(
        broken_rule(|| {
            let mutex = memory(0x38);
            KeInitializeMutex(mutex, 0);
            KeReleaseMutex(mutex, 0);
        }),
        Some("mutex-not-owned")
    );
    assert_eq!(
        broken_rule(|| {
            let mutex = fast_mutex();
            ExAcquireFastMutex(mutex);
            world::kill(mutex);
        }),
        Some("lock-freed-while-held")
    );
}

#[test]
fn misuse_of_resources_is_found() {
    assert_eq!(
        broken_rule(|| _ = ExAcquireResourceExclusiveLite(resource(), 1)),
        Some("resource-without-critical-region")
    );
    assert_eq!(
        broken_rule(|| world::kill(resource())),
        Some("lock-freed-while-held")
    );
    assert_eq!(
        broken_rule(|| _ = ExInitializeResourceLite(resource())),
        Some("resource-initialized-twice")
    );
    assert_eq!(
        broken_rule(|| {
            let resource = resource();
            KeEnterCriticalRegion();
            ExAcquireResourceSharedLite(resource, 1);
            ExAcquireResourceExclusiveLite(resource, 1);
        }),
        Some("mutex-recursion")
    );
}

#[test]
fn several_objects_are_waited_for() {
    const ANY: i32 = 1;
    const ALL: i32 = 0;
    let broken = broken_rule(|| {
        let events = [memory(0x18), memory(0x18)];
        let list = memory(0x10);
        for (index, event) in events.into_iter().enumerate() {
            KeInitializeEvent(event, 1, 0);
            guest::write(list + index * 8, event);
        }
        let setter = schedule::spawn("setter", None, move || {
            KeSetEvent(events[1], 0, 0);
            KeSetEvent(events[0], 0, 0);
        });
        assert_eq!(
            KeWaitForMultipleObjects(2, list, ALL, 0, 0, 0, 0, 0),
            SUCCESS
        );
        schedule::join(setter);
        KeSetEvent(events[1], 0, 0);
        assert_eq!(KeWaitForMultipleObjects(2, list, ANY, 0, 0, 0, 0, 0), 1);
        let now = memory(8);
        assert_eq!(
            KeWaitForMultipleObjects(2, list, ANY, 0, 0, 0, now, 0),
            TIMEOUT
        );
    });
    assert_eq!(broken, None);
    assert_eq!(
        broken_rule(|| {
            let list = memory(8);
            guest::write(list, memory(0x18));
            KeWaitForMultipleObjects(1, list, 1, 0, 0, 0, 0, 0);
        }),
        Some("object-not-initialized")
    );
}
