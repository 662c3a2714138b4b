//! What is collected over the schedules of an exploration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::world;

/// How the requests ended: name and status of each, sorted.
type Ending = Vec<(&'static str, u32)>;

/// What is collected over the schedules.
#[derive(Default)]
pub struct Collected {
    endings: Mutex<BTreeSet<Ending>>,
    states: Mutex<States>,
    longest: AtomicUsize,
}

/// States in which the actors have left everything.
#[derive(Default)]
struct States {
    /// The round they are of.
    round: usize,
    /// Each with the decisions of the first schedule that has come to it.
    seen: BTreeMap<u128, Vec<u8>>,
    /// Whether a schedule was in no such state.
    lacks: bool,
}

impl Collected {
    /// In how many different ways the requests ended.
    pub fn endings(&self) -> usize {
        self.endings.lock().map_or(0, |endings| endings.len())
    }

    /// Steps of the longest schedule.
    pub fn longest(&self) -> usize {
        self.longest.load(Ordering::Relaxed)
    }

    /// The states, and whether every schedule was in one.
    pub fn states(&self) -> (BTreeMap<u128, Vec<u8>>, bool) {
        self.states.lock().map_or_else(
            |_| (BTreeMap::new(), false),
            |states| (states.seen.clone(), !states.lacks),
        )
    }

    /// Adds the run that has ended.
    pub fn add(&self) {
        let (ending, steps, repeats, state, choices) = world::with(|world| {
            let mut ending: Ending = world
                .irps
                .iter()
                .map(|(_, irp)| (irp.name, irp.status))
                .collect();
            ending.sort_unstable();
            let choices = std::mem::take(&mut world.choices);
            (ending, world.steps, world.repeats, world.state, choices)
        });
        self.longest.fetch_max(steps, Ordering::Relaxed);
        if let Ok(mut states) = self.states.lock() {
            if states.round != world::round() {
                *states = States {
                    round: world::round(),
                    ..States::default()
                };
            }
            match state {
                Some(state) => _ = states.seen.entry(state).or_insert(choices),
                None => states.lacks = true,
            }
        }
        // The earlier run has come to the same end.
        if !repeats && let Ok(mut endings) = self.endings.lock() {
            endings.insert(ending);
        }
    }
}
