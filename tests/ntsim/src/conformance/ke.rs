//! Ke.

use super::{broken_rule, memory};
use crate::ddi::ke::dispatcher::{
    KeClearEvent, KeInitializeEvent, KeInitializeSemaphore, KeReadStateEvent, KeReleaseSemaphore,
    KeSetEvent, wait,
};
use crate::ddi::ke::region::{
    KeAreAllApcsDisabled, KeAreApcsDisabled, KeEnterCriticalRegion, KeEnterGuardedRegion,
    KeLeaveCriticalRegion, KeLeaveGuardedRegion,
};
use crate::ddi::ke::spin_lock::{
    KeAcquireSpinLockAtDpcLevel, KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock,
};
use crate::ddi::ke::{KeGetCurrentIrql, KeLowerIrql, KfRaiseIrql};
use crate::nt::status::{SUCCESS, TIMEOUT};
use crate::schedule;

const NOTIFICATION: i32 = 0;
const SYNCHRONIZATION: i32 = 1;

#[test]
fn a_spin_lock_raises_and_restores_the_irql() {
    let broken = broken_rule(|| {
        let lock = memory(8);
        let old = KeAcquireSpinLockRaiseToDpc(lock);
        assert_eq!((old, KeGetCurrentIrql()), (0, 2));
        KeReleaseSpinLock(lock, old);
        assert_eq!(KeGetCurrentIrql(), 0);
        assert_eq!(KfRaiseIrql(1), 0);
        assert_eq!(KeAcquireSpinLockRaiseToDpc(lock), 1);
        KeReleaseSpinLock(lock, 1);
        KeLowerIrql(0);
    });
    assert_eq!(broken, None);
}

#[test]
fn misuse_of_spin_locks_is_found() {
    assert_eq!(
        broken_rule(|| {
            let lock = memory(8);
            KeAcquireSpinLockRaiseToDpc(lock);
            KeAcquireSpinLockRaiseToDpc(lock);
        }),
        Some("lock-recursion")
    );
    assert_eq!(
        broken_rule(|| KeReleaseSpinLock(memory(8), 0)),
        Some("lock-not-held")
    );
    assert_eq!(
        broken_rule(|| KeAcquireSpinLockAtDpcLevel(memory(8))),
        Some("irql-too-low")
    );
    assert_eq!(
        broken_rule(|| {
            let (one, two) = (memory(8), memory(8));
            KeAcquireSpinLockRaiseToDpc(one);
            KeAcquireSpinLockRaiseToDpc(two);
            KeReleaseSpinLock(two, 0);
        }),
        Some("lock-lowers-irql")
    );
    assert_eq!(
        broken_rule(|| {
            let lock = memory(8);
            crate::guest::write(lock, 5usize);
            KeAcquireSpinLockRaiseToDpc(lock);
        }),
        Some("lock-not-initialized")
    );
    assert_eq!(
        broken_rule(|| _ = KeAcquireSpinLockRaiseToDpc(0x10)),
        Some("bad-pointer")
    );
}

#[test]
fn two_locks_in_two_orders_deadlock() {
    let broken = broken_rule(|| {
        let (one, two) = (memory(8), memory(8));
        let take = |first: usize, second: usize| {
            move || {
                let irql = KeAcquireSpinLockRaiseToDpc(first);
                let inner = KeAcquireSpinLockRaiseToDpc(second);
                KeReleaseSpinLock(second, inner);
                KeReleaseSpinLock(first, irql);
            }
        };
        let threads = [
            schedule::spawn("one", None, take(one, two)),
            schedule::spawn("two", None, take(two, one)),
        ];
        threads.into_iter().for_each(schedule::join);
    });
    assert_eq!(broken, Some("deadlock"));
}

#[test]
fn events_are_signaled_until_somebody_waits() {
    let broken = broken_rule(|| {
        let event = memory(0x18);
        KeInitializeEvent(event, SYNCHRONIZATION, 1);
        assert_eq!(wait(event, false), SUCCESS);
        assert_eq!(KeReadStateEvent(event), 0);
        assert_eq!(wait(event, true), TIMEOUT);
        assert_eq!(KeSetEvent(event, 0, 0), 0);
        assert_eq!(KeSetEvent(event, 0, 0), 1);
        KeInitializeEvent(event, NOTIFICATION, 1);
        assert_eq!(wait(event, false), SUCCESS);
        assert_eq!(KeReadStateEvent(event), 1);
        KeClearEvent(event);
        assert_eq!(KeReadStateEvent(event), 0);
    });
    assert_eq!(broken, None);
}

#[test]
fn a_wait_that_nobody_ends_is_found() {
    assert_eq!(
        broken_rule(|| {
            let event = memory(0x18);
            KeInitializeEvent(event, NOTIFICATION, 0);
            wait(event, false);
        }),
        Some("deadlock")
    );
    assert_eq!(
        broken_rule(|| _ = wait(memory(0x18), false)),
        Some("object-not-initialized")
    );
    assert_eq!(
        broken_rule(|| {
            KfRaiseIrql(2);
            let event = memory(0x18);
            KeInitializeEvent(event, NOTIFICATION, 1);
            crate::ddi::ke::dispatcher::KeWaitForSingleObject(event, 0, 0, 0, 0);
        }),
        Some("irql-too-high")
    );
}

#[test]
fn a_semaphore_counts() {
    assert_eq!(
        broken_rule(|| {
            let semaphore = memory(0x20);
            KeInitializeSemaphore(semaphore, 1, 2);
            assert_eq!(wait(semaphore, false), SUCCESS);
            assert_eq!(wait(semaphore, true), TIMEOUT);
            assert_eq!(KeReleaseSemaphore(semaphore, 0, 2, 0), 0);
        }),
        None
    );
    assert_eq!(
        broken_rule(|| {
            let semaphore = memory(0x20);
            KeInitializeSemaphore(semaphore, 1, 2);
            KeReleaseSemaphore(semaphore, 0, 2, 0);
        }),
        Some("semaphore-limit")
    );
}

#[test]
fn critical_regions_balance() {
    assert_eq!(
        broken_rule(|| {
            KeEnterCriticalRegion();
            KeLeaveCriticalRegion();
        }),
        None
    );
    assert_eq!(
        broken_rule(|| KeLeaveCriticalRegion()),
        Some("critical-region-unbalanced")
    );
}

#[test]
fn regions_disable_apcs() {
    fn disabled() -> (u8, u8) {
        (KeAreApcsDisabled(), KeAreAllApcsDisabled())
    }
    assert_eq!(
        broken_rule(|| {
            assert_eq!(disabled(), (0, 0));
            KeEnterCriticalRegion();
            assert_eq!(disabled(), (1, 0));
            KeEnterGuardedRegion();
            KeLeaveCriticalRegion();
            assert_eq!(disabled(), (1, 1));
            KeLeaveGuardedRegion();
            let irql = KfRaiseIrql(1);
            assert_eq!(disabled(), (0, 1));
            KeLowerIrql(irql);
            assert_eq!(disabled(), (0, 0));
        }),
        None
    );
    assert_eq!(
        broken_rule(|| {
            KeEnterCriticalRegion();
            KeLeaveGuardedRegion();
        }),
        Some("critical-region-unbalanced")
    );
}
