//! Ke: timers and DPCs.

use super::{broken_rule, memory};
use crate::ddi::ex::{ExAllocatePool2, ExFreePool};
use crate::ddi::ke::dispatcher::wait;
use crate::ddi::ke::dpc::{KeFlushQueuedDpcs, KeInitializeDpc, KeInsertQueueDpc, KeRemoveQueueDpc};
use crate::ddi::ke::timer::{
    KeCancelTimer, KeInitializeTimer, KeReadStateTimer, KeSetTimer, KeSetTimerEx,
};
use crate::ddi::ke::{KeGetCurrentIrql, KfRaiseIrql};
use crate::guest;
use crate::nt::{DISPATCH_LEVEL, dpc, timer};
use crate::schedule;

/// A timer, its DPC, how often that was called, and the sum of its arguments.
const DPC: usize = timer::SIZE;
const CALLS: usize = DPC + dpc::SIZE;
const ARGUMENTS: usize = CALLS + 8;
const ALL: usize = ARGUMENTS + 8;
/// One second from now.
const SECOND: i64 = -10_000_000;

extern "win64" fn routine(_dpc: usize, context: usize, first: usize, second: usize) {
    assert_eq!(KeGetCurrentIrql(), DISPATCH_LEVEL);
    let calls: usize = guest::read(context + CALLS);
    guest::write(context + CALLS, calls + 1);
    guest::write(context + ARGUMENTS, first + second);
}

fn initialize(place: usize) -> usize {
    KeInitializeTimer(place);
    KeInitializeDpc(place + DPC, routine as *const () as usize, place);
    place
}

fn new() -> usize {
    initialize(memory(ALL))
}

fn calls(place: usize) -> usize {
    guest::read(place + CALLS)
}

#[test]
fn a_timer_expires_once_or_is_canceled() {
    let broken = broken_rule(|| {
        let place = new();
        assert_eq!(KeSetTimer(place, SECOND, place + DPC), 0);
        let canceled = KeCancelTimer(place) != 0;
        KeFlushQueuedDpcs();
        assert_eq!(calls(place), usize::from(!canceled));
        assert_eq!(KeReadStateTimer(place) != 0, !canceled);
        assert_eq!(KeCancelTimer(place), 0);
    });
    assert_eq!(broken, None);
}

/// A claim that is wrong in some order, to see that the order is tried.
fn sometimes(body: fn() -> bool) {
    use std::cell::Cell;
    thread_local! {
        static SEEN: Cell<[bool; 2]> = const { Cell::new([false; 2]) };
    }
    SEEN.set([false; 2]);
    thread_local! {
        static BODY: Cell<Option<fn() -> bool>> = const { Cell::new(None) };
    }
    BODY.set(Some(body));
    let broken = broken_rule(|| {
        let body = BODY.get().unwrap();
        let [no, yes] = SEEN.get();
        let seen = body();
        SEEN.set([no || !seen, yes || seen]);
    });
    assert_eq!(broken, None);
    assert_eq!(SEEN.get(), [true; 2]);
}

#[test]
fn both_outcomes_of_a_cancellation_are_tried() {
    sometimes(|| {
        let place = new();
        KeSetTimer(place, SECOND, place + DPC);
        let canceled = KeCancelTimer(place) != 0;
        KeFlushQueuedDpcs();
        canceled
    });
}

#[test]
fn a_dpc_may_still_run_after_a_cancellation_that_came_too_late() {
    sometimes(|| {
        let place = new();
        KeSetTimer(place, SECOND, place + DPC);
        let late = KeCancelTimer(place) == 0 && calls(place) == 0;
        KeFlushQueuedDpcs();
        late
    });
}

#[test]
fn setting_a_timer_again_takes_the_first_expiry_back() {
    sometimes(|| {
        let place = new();
        KeSetTimer(place, SECOND, place + DPC);
        let was_armed = KeSetTimer(place, SECOND, place + DPC) != 0;
        assert_eq!(wait(place, false), 0);
        KeFlushQueuedDpcs();
        assert!((1..=2).contains(&calls(place)));
        was_armed
    });
}

#[test]
fn a_periodic_timer_expires_until_it_is_canceled() {
    sometimes(|| {
        let place = new();
        KeSetTimerEx(place, SECOND, 10, place + DPC);
        assert_eq!(wait(place, false), 0);
        KeCancelTimer(place);
        KeFlushQueuedDpcs();
        assert!((1..=2).contains(&calls(place)));
        calls(place) == 2
    });
}

#[test]
fn a_dpc_is_queued_once() {
    sometimes(|| {
        let place = new();
        assert_eq!(KeInsertQueueDpc(place + DPC, 1, 2), 1);
        let again = KeInsertQueueDpc(place + DPC, 10, 20) != 0;
        KeFlushQueuedDpcs();
        assert_eq!(calls(place), if again { 2 } else { 1 });
        let arguments: usize = guest::read(place + ARGUMENTS);
        assert!(arguments == 3 || (again && arguments == 30));
        again
    });
}

#[test]
fn a_queued_dpc_can_be_removed() {
    sometimes(|| {
        let place = new();
        KeInsertQueueDpc(place + DPC, 0, 0);
        let removed = KeRemoveQueueDpc(place + DPC) != 0;
        KeFlushQueuedDpcs();
        assert_eq!(calls(place), usize::from(!removed));
        removed
    });
}

#[test]
fn misuse_of_timers_and_dpcs_is_found() {
    assert_eq!(
        broken_rule(|| _ = KeSetTimer(memory(ALL), SECOND, 0)),
        Some("object-not-initialized")
    );
    assert_eq!(
        broken_rule(|| {
            let place = new();
            KeSetTimer(place, SECOND, 0);
            KeInitializeTimer(place);
        }),
        Some("timer-initialized-while-armed")
    );
    assert_eq!(
        broken_rule(|| {
            KfRaiseIrql(DISPATCH_LEVEL);
            KeFlushQueuedDpcs();
        }),
        Some("irql-too-high")
    );
}

const TAG: u32 = u32::from_le_bytes(*b"test");

#[test]
fn a_timer_in_freed_memory_is_found() {
    // It expires before or after, whichever is worse.
    assert_eq!(
        broken_rule(|| {
            let place = initialize(ExAllocatePool2(0, ALL, TAG));
            KeSetTimer(place, SECOND, place + DPC);
            KeFlushQueuedDpcs();
            ExFreePool(place);
        }),
        Some("timer-freed-while-armed")
    );
}

#[test]
fn a_dpc_in_freed_memory_is_found() {
    assert_eq!(
        broken_rule(|| {
            let place = initialize(ExAllocatePool2(0, ALL, TAG));
            KeSetTimer(place, SECOND, place + DPC);
            KeCancelTimer(place);
            ExFreePool(place);
        }),
        Some("dpc-freed-while-queued")
    );
}

/// The step that another thread does first is not recorded when that thread has ended; it still has to
/// be known that it can come later.
#[test]
fn what_a_thread_does_alone_is_also_ordered() {
    sometimes(|| {
        let place = new();
        KeInsertQueueDpc(place + DPC, 0, 0);
        for _ in 0..3 {
            schedule::driver_point();
        }
        KeRemoveQueueDpc(place + DPC) != 0
    });
}
