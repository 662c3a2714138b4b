//! A run that begins from a checkpoint is the same as one from the beginning.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::{image, memory};
use crate::checkpoint::{self, Checkpoint};
use crate::ddi::ke::spin_lock::{KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock};
use crate::explore::{Limits, Outcome, explore};
use crate::guest;
use crate::machine::{self, Machine};
use crate::report;
use crate::schedule::random::Random;
use crate::schedule::sleep_set::SleepSet;
use crate::schedule::{self, Strategy};
use crate::settings::Settings;
use crate::world;

/// What two threads share, and what was freed before they began.
#[derive(Clone, Copy, Debug, Hash)]
struct Shared {
    lock: usize,
    value: usize,
    freed: usize,
}

fn set_up() -> Shared {
    let freed = memory(16);
    let (lock, value) = (memory(8), memory(5000));
    guest::write(value, 7u64);
    world::kill(freed);
    KeReleaseSpinLock(lock, KeAcquireSpinLockRaiseToDpc(lock));
    Shared { lock, value, freed }
}

/// Two threads change the value, each by its own factor, so that their order shows.
fn act(shared: Shared) {
    let Shared { lock, value, .. } = shared;
    let threads = [3u64, 5].map(|factor| {
        schedule::spawn("changer", None, move || {
            let irql = KeAcquireSpinLockRaiseToDpc(lock);
            let old: u64 = guest::read(value);
            guest::write(value, old * factor + 1);
            KeReleaseSpinLock(lock, irql);
        })
    });
    threads.into_iter().for_each(schedule::join);
}

/// What a run has shown: its trace and the value that it has left.
type Seen = Vec<(Vec<report::Step>, u64)>;

fn explored(strategy: impl Strategy + 'static, from_checkpoint: bool) -> (Seen, Outcome) {
    let driver = image::driver();
    Machine::install(&driver, Path::new("sample.sys"), Settings::default()).unwrap();
    let seen = Arc::new(Mutex::new(Seen::new()));
    let collect = Arc::clone(&seen);
    let start: Mutex<Option<(Shared, Checkpoint)>> = Mutex::default();
    let outcome = explore(
        strategy,
        Limits::default(),
        |_| {},
        move || {
            let mut start = start.lock().unwrap();
            let restored = start.as_ref().and_then(|(shared, checkpoint)| {
                (from_checkpoint && checkpoint.restore()).then_some(*shared)
            });
            let shared = restored.unwrap_or_else(|| {
                let shared = set_up();
                *start = Some((shared, Checkpoint::take().unwrap()));
                shared
            });
            drop(start);
            act(shared);
            let value: u64 = guest::read(shared.value);
            // It dies in each run, before a thing that is made in each.
            world::kill(shared.value);
            guest::write(memory(8), value);
            let trace = world::with(|world| report::trace(world));
            collect.lock().unwrap().push((trace, value));
        },
    );
    assert_eq!(outcome.broken, None);
    assert!(outcome.found.is_none());
    let seen = seen.lock().unwrap().clone();
    (seen, outcome)
}

#[test]
fn runs_from_a_checkpoint_show_what_whole_runs_show() {
    let (fresh, all) = explored(SleepSet::default(), false);
    let (restored, again) = explored(SleepSet::default(), true);
    assert!(all.exhausted && again.exhausted);
    assert!(fresh.len() > 1);
    assert_eq!(restored, fresh);
    assert_eq!(again.longest, all.longest);
    let (fresh, _) = explored(Random::new(1, 50), false);
    let (restored, _) = explored(Random::new(1, 50), true);
    assert_eq!(fresh.len(), 50);
    assert_eq!(restored, fresh);
}

/// Runs `body` twice from one checkpoint; the second run is the one that counts.
fn second_run(body: fn(Shared)) -> Option<&'static str> {
    let driver = image::driver();
    Machine::install(&driver, Path::new("sample.sys"), Settings::default()).unwrap();
    let start: Mutex<Option<(Shared, Checkpoint)>> = Mutex::default();
    let outcome = explore(
        Random::new(1, 2),
        Limits::default(),
        |_| {},
        move || {
            let mut start = start.lock().unwrap();
            let Some((shared, checkpoint)) = start.as_ref() else {
                let shared = set_up();
                *start = Some((shared, Checkpoint::take().unwrap()));
                drop(start);
                world::kill(shared.value);
                return;
            };
            assert!(checkpoint.restore());
            let shared = *shared;
            drop(start);
            body(shared);
        },
    );
    assert_eq!(outcome.broken, None);
    outcome.found.map(|found| found.finding.rule.name)
}

#[test]
fn what_was_dead_stays_dead_and_what_was_alive_is_as_it_was() {
    assert_eq!(
        second_run(|shared| {
            let is_alive = |address| {
                let object = machine::with(|machine| machine.arena.object_at(address));
                object.is_some_and(|(_, _, alive)| alive)
            };
            assert!(!is_alive(shared.freed));
            assert!(is_alive(shared.value));
            assert_eq!(guest::read::<u64>(shared.value), 7);
            assert_eq!(guest::read::<u8>(shared.value + 4999), 0);
        }),
        None
    );
}

#[test]
fn equal_states_have_one_number_and_others_have_another() {
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let collect = Arc::clone(&numbers);
    let driver = image::driver();
    Machine::install(&driver, Path::new("sample.sys"), Settings::default()).unwrap();
    let run = Mutex::new(0);
    let outcome = explore(
        Random::new(1, 6),
        Limits::default(),
        |_| {},
        move || {
            let number = {
                let mut run = run.lock().unwrap();
                *run += 1;
                *run
            };
            let shared = set_up();
            match number {
                // The first two are alike.
                3 => guest::write(shared.value + 4000, 1u8),
                4 => world::kill(shared.value),
                5 => world::with(|world| world.time += 1),
                6 => _ = memory(1),
                _ => {}
            }
            let state = checkpoint::state(0, &shared).unwrap();
            collect.lock().unwrap().push(state);
        },
    );
    assert_eq!(outcome.broken, None);
    let mut numbers = numbers.lock().unwrap().clone();
    assert_eq!(numbers[0], numbers[1]);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 5);
}

#[test]
fn nothing_is_taken_for_decided_while_others_can_act() {
    let driver = image::driver();
    Machine::install(&driver, Path::new("sample.sys"), Settings::default()).unwrap();
    let outcome = explore(
        Random::new(1, 1),
        Limits::default(),
        |_| {},
        || {
            let shared = set_up();
            let thread = schedule::spawn("other", None, || {});
            assert!(Checkpoint::take().is_none());
            assert!(checkpoint::state(1, &shared).is_none());
            schedule::join(thread);
            assert!(checkpoint::state(0, &shared).is_none());
            assert!(checkpoint::state(1, &shared).is_some());
        },
    );
    assert_eq!(outcome.broken, None);
}
