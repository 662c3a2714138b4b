//! Runs a scenario under a strategy until it is exhausted, a limit is reached or a rule is broken.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::cpu;
use crate::finding::Finding;
use crate::machine;
use crate::race;
use crate::report;
use crate::schedule::adapter::Adapter;
use crate::schedule::bounded::Bounded;
use crate::schedule::{Strategy, replay};
use crate::time;
use crate::trap::Watchdog;
use crate::world;

/// Room for the driver's frames and the simulated kernel's. Twice what a kernel thread has, since
/// the simulated kernel's frames are larger than the real one's.
const STACK: usize = 0x4_0000;

/// When to stop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// After so many schedules.
    pub schedules: Option<usize>,
    /// After this much processor time.
    pub time: Option<Duration>,
}

/// A broken rule and how to see it again.
#[derive(Clone, Debug)]
pub struct Found {
    /// What is wrong.
    pub finding: Finding,
    /// What happened before, a line per step.
    pub trace: Vec<String>,
    /// The decisions of the schedule, for `--replay`.
    pub schedule: String,
}

/// What came of an exploration.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Schedules that were run, those that ended early because the rest had been seen included.
    pub schedules: usize,
    /// How many of them ended early.
    pub pruned: usize,
    /// Whether these are all schedules, within the strategy's bound.
    pub exhausted: bool,
    /// When it was to stop.
    pub limits: Limits,
    /// The processor time that it took.
    pub time: Duration,
    /// In how many different ways the requests ended.
    pub endings: usize,
    /// The states in which the actors have left everything, of the last round.
    pub states: BTreeSet<u128>,
    /// Steps of the longest schedule.
    pub longest: usize,
    /// What was learned: which ordinary instructions were points in the end.
    pub learned: race::Learned,
    /// How often the search began anew, because there were other points.
    pub rounds: usize,
    /// Why these may not be all schedules, although the strategy has nothing left to try.
    pub blind: Vec<String>,
    /// Why the schedule that was to be repeated is none of this scenario with this driver, if so.
    pub misfit: Option<String>,
    /// The broken rule.
    pub found: Option<Found>,
    /// A panic of the simulator itself.
    pub broken: Option<String>,
}

/// How the requests ended: name and status of each, sorted.
type Ending = Vec<(&'static str, u32)>;

/// What is collected over the schedules.
#[derive(Default)]
struct Collected {
    endings: Mutex<BTreeSet<Ending>>,
    /// And the round they are of.
    states: Mutex<(usize, BTreeSet<u128>)>,
    longest: AtomicUsize,
}

/// Runs `body` once, in one schedule, without a change of thread that is not forced.
pub fn once(body: impl Fn() + Send + Sync + 'static) -> Outcome {
    let limits = Limits {
        schedules: Some(1),
        time: None,
    };
    explore(Bounded::new(0), limits, |_| {}, body)
}

/// Explores `body`, which begins with an empty world in the run's first thread.
///
/// `progress` is told the number of the schedule before each.
pub fn explore(
    strategy: impl Strategy + 'static,
    limits: Limits,
    mut progress: impl FnMut(usize) + 'static,
    body: impl Fn() + Send + Sync + 'static,
) -> Outcome {
    let start = time::processor();
    let spent = move || time::processor().saturating_sub(start);
    let strategy: Rc<RefCell<dyn Strategy>> = Rc::new(RefCell::new(strategy));
    let count = Rc::new(std::cell::Cell::new(0usize));
    let counter = Rc::clone(&count);
    let go_on = move || {
        let number = counter.get();
        let in_time = limits.time.is_none_or(|time| spent() < time);
        if limits.schedules.is_some_and(|most| number >= most) || !in_time {
            return false;
        }
        progress(number);
        counter.set(number + 1);
        true
    };
    let collected = Arc::new(Collected::default());
    let collector = Arc::clone(&collected);
    let runner = Runner::new(Adapter::new(Rc::clone(&strategy), go_on), config());
    world::with(|world| *world = world::World::default());
    race::begin(strategy.borrow().learns());
    world::next_round();
    let first_round = world::round();
    let watchdog = Watchdog::start();
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            begin();
            body();
            collect(&collector);
        })
    }));
    drop(watchdog);
    let ended = strategy.borrow().is_exhaustive();
    // The adapter counts one more when the strategy has nothing left.
    let schedules = count.get() - usize::from(ended);
    let learned = race::learned();
    let mut blind: Vec<String> = learned.blind.iter().cloned().collect();
    if !machine::with(|machine| machine.image.is_read()) {
        blind.push("code of the driver that could not be read".into());
    }
    let exhausted = ended && blind.is_empty();
    Outcome {
        schedules,
        pruned: strategy.borrow().pruned(),
        exhausted,
        learned,
        rounds: world::round() - first_round + 1,
        blind,
        limits,
        time: spent(),
        endings: collected.endings.lock().map_or(0, |endings| endings.len()),
        states: collected
            .states
            .lock()
            .map_or_else(|_| BTreeSet::new(), |states| states.1.clone()),
        misfit: strategy.borrow().misfit(),
        longest: collected.longest.load(Ordering::Relaxed),
        found: found(),
        broken: result.err().map(|payload| message(payload.as_ref())),
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.silence_warnings = true;
    config.failure_persistence = FailurePersistence::None;
    // The adapter has a limit of its own, which is a finding.
    config.max_steps = MaxSteps::None;
    config
}

/// What each run begins with.
fn begin() {
    world::reset();
    let region = world::with(|world| world.thread().processor.region);
    cpu::start_thread(region);
    race::reset();
}

fn collect(collected: &Collected) {
    let (ending, steps, repeats, state) = world::with(|world| {
        let mut ending: Ending = world
            .irps
            .iter()
            .map(|(_, irp)| (irp.name, irp.status))
            .collect();
        ending.sort_unstable();
        (ending, world.steps, world.repeats, world.state)
    });
    collected.longest.fetch_max(steps, Ordering::Relaxed);
    if let (Some(state), Ok(mut states)) = (state, collected.states.lock()) {
        let (round, seen) = &mut *states;
        if std::mem::replace(round, world::round()) != *round {
            seen.clear();
        }
        seen.insert(state);
    }
    // The earlier run has come to the same end.
    if !repeats && let Ok(mut endings) = collected.endings.lock() {
        endings.insert(ending);
    }
}

fn found() -> Option<Found> {
    world::with(|world| {
        let finding = world.finding.take()?;
        Some(Found {
            finding,
            trace: report::trace(world),
            schedule: replay::encode(&world.choices),
        })
    })
}

fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
}
