//! Each strategy finds a bug that needs a switch, replay finds it again, and the sleep sets see as much
//! as the searches without them.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::{image, memory};
use crate::ddi::ke::spin_lock::{KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock};
use crate::explore::{Found, GoesOn, Limits, Outcome, explore};
use crate::finding;
use crate::guest;
use crate::machine::Machine;
use crate::rule;
use crate::schedule::bounded::Bounded;
use crate::schedule::pct::Pct;
use crate::schedule::random::Random;
use crate::schedule::replay::{Replay, decode};
use crate::schedule::sleep_set::SleepSet;
use crate::schedule::{self, Strategy};
use crate::settings::Settings;

fn run(strategy: impl Strategy + 'static, body: impl Fn() + Send + Sync + 'static) -> Outcome {
    Machine::install(
        &image::driver(),
        Path::new("sample.sys"),
        Settings::default(),
    )
    .unwrap();
    let outcome = explore(strategy, Limits::default(), |_| {}, body);
    assert_eq!(outcome.broken, None);
    outcome
}

/// Adds `amount` under a lock: a function of the value, so that the order of two shows.
fn change(lock: usize, value: usize, amount: u64) {
    let irql = KeAcquireSpinLockRaiseToDpc(lock);
    let old: u64 = guest::read(value);
    guest::write(value, old * 3 + amount);
    KeReleaseSpinLock(lock, irql);
}

/// Two locks taken in two orders.
fn deadlock() {
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
}

#[test]
fn every_strategy_finds_a_deadlock() {
    let found = |outcome: Outcome| outcome.found.unwrap().finding.rule.name;
    assert_eq!(found(run(SleepSet::default(), deadlock)), "deadlock");
    assert_eq!(found(run(Bounded::new(1), deadlock)), "deadlock");
    assert_eq!(found(run(Random::new(1, 1000), deadlock)), "deadlock");
    assert_eq!(found(run(Pct::new(1, 2, 1000), deadlock)), "deadlock");
}

#[test]
fn no_preemption_is_not_enough_for_it() {
    let outcome = run(Bounded::new(0), deadlock);
    assert!(outcome.found.is_none());
    assert!(outcome.exhausted);
}

#[test]
fn replay_finds_the_same_with_the_same_trace() {
    for seed in 1..4 {
        let first = run(Random::new(seed, 1000), deadlock).found.unwrap();
        let replay = || Replay::new(decode(&first.schedule).unwrap());
        for _ in 0..3 {
            let again = run(replay(), deadlock).found.unwrap();
            assert_eq!(again.finding.rule.name, first.finding.rule.name);
            assert_eq!(again.finding.message, first.finding.message);
            assert_eq!(again.trace, first.trace);
            assert_eq!(again.schedule, first.schedule);
        }
    }
}

#[test]
fn a_schedule_of_something_else_finds_nothing() {
    let outcome = run(Replay::new(vec![9, 9, 9]), deadlock);
    assert!(outcome.found.is_none());
}

/// The values that three threads leave behind, each changing two values under two locks.
fn values(strategy: impl Strategy + 'static) -> (Vec<(u64, u64)>, Outcome) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let collect = Arc::clone(&seen);
    let outcome = run(strategy, move || {
        let (locks, value) = ([memory(8), memory(8)], [memory(8), memory(8)]);
        let threads = [1, 2, 3].map(|amount| {
            schedule::spawn("changer", None, move || {
                change(locks[0], value[0], amount);
                change(locks[1], value[1], amount);
            })
        });
        threads.into_iter().for_each(schedule::join);
        collect
            .lock()
            .unwrap()
            .push((guest::read(value[0]), guest::read(value[1])));
    });
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_unstable();
    seen.dedup();
    (seen, outcome)
}

#[test]
fn sleep_sets_see_what_the_full_search_sees() {
    let (full, all) = values(Bounded::new(usize::MAX));
    let (reduced, few) = values(SleepSet::default());
    assert!(all.exhausted && few.exhausted);
    // Each value is one of the 3! orders of the changes, independently.
    assert_eq!(full.len(), 36);
    assert_eq!(reduced, full);
    assert!(
        few.schedules * 10 < all.schedules,
        "{} of {}",
        few.schedules,
        all.schedules
    );
}

/// Each thread breaks a rule if it is the first, and the run ends there: what the other would do is not seen.
fn whoever_is_first() {
    let value = memory(8);
    let act = |rule, own| {
        move || {
            schedule::object_point("first step", own, 1);
            schedule::object_point("look and write", value, 8);
            if guest::read::<u64>(value) == 0 {
                finding::raise(rule, "the first one".into());
            }
            guest::write(value, 1u64);
        }
    };
    let threads = [
        schedule::spawn("one", None, act(&rule::progress::DEADLOCK, value + 0x100)),
        schedule::spawn("two", None, act(&rule::progress::LIVELOCK, value + 0x200)),
    ];
    threads.into_iter().for_each(schedule::join);
}

#[test]
fn a_search_that_goes_on_after_a_finding_sees_what_comes_first_otherwise() {
    Machine::install(
        &image::driver(),
        Path::new("sample.sys"),
        Settings::default(),
    )
    .unwrap();
    let limits = |goes_on| Limits {
        goes_on,
        ..Limits::default()
    };
    let explore = |goes_on| {
        explore(
            SleepSet::default(),
            limits(goes_on),
            |_| {},
            whoever_is_first,
        )
    };
    let names = |found: &[Found]| {
        let mut names: Vec<_> = found.iter().map(|it| it.finding.rule.name).collect();
        names.sort_unstable();
        names
    };
    let all = explore(GoesOn {
        always: true,
        ..GoesOn::default()
    });
    assert!(all.exhausted && all.found.is_none());
    assert_eq!(names(&all.passed), ["deadlock", "livelock"]);
    // One of them is allowed: the other is the finding.
    for (allowed, other) in [("deadlock", "livelock"), ("livelock", "deadlock")] {
        let outcome = explore(GoesOn {
            rules: [allowed].into(),
            ..GoesOn::default()
        });
        assert_eq!(outcome.found.unwrap().finding.rule.name, other);
    }
}
