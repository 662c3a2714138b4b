//! Runs a scenario under a strategy until it is exhausted, a limit is reached or a rule is broken.

mod collected;
mod exploration;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::caller;
use crate::cpu;
use crate::finding::Finding;
use crate::machine;
use crate::race;
use crate::report::{self, Step};
use crate::schedule::Strategy;
use crate::schedule::adapter::Adapter;
use crate::schedule::bounded::Bounded;
use crate::schedule::replay::{self, Replay};
use crate::settings::Points;
use crate::trap::Watchdog;
use crate::world;
use collected::Collected;
pub use exploration::Exploration;

/// Room for the driver's frames and the simulated kernel's. Twice what a kernel thread has, since
/// the simulated kernel's frames are larger than the real one's.
const STACK: usize = 0x4_0000;

/// When to stop.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// After so many schedules.
    pub schedules: Option<usize>,
    /// After this much processor time.
    pub time: Option<Duration>,
    /// After a finding, but for these.
    pub goes_on: GoesOn,
}

/// After which findings an exploration goes on with the next schedule.
#[derive(Clone, Debug, Default)]
pub struct GoesOn {
    /// After all.
    pub always: bool,
    /// After those of these rules.
    pub rules: BTreeSet<&'static str>,
}

impl GoesOn {
    fn after(&self, finding: &Finding) -> bool {
        self.always || self.rules.contains(finding.rule.name)
    }
}

/// A broken rule and how to see it again.
#[derive(Clone, Debug)]
pub struct Found {
    /// What is wrong.
    pub finding: Finding,
    /// What happened before, step by step.
    pub trace: Vec<Step>,
    /// The decisions of the schedule, for `--replay`.
    pub schedule: String,
    /// Which ordinary instructions were points in it.
    pub points: Points,
    /// How many schedules ended like this: by this rule, in this place.
    pub count: usize,
}

impl Found {
    /// Whether the other is one more of the same.
    fn is_like(&self, other: &Self) -> bool {
        let (one, two) = (&self.finding, &other.finding);
        one.rule.name == two.rule.name && one.stack.first() == two.stack.first()
    }
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
    /// A schedule for each of them, if every schedule came to one, and none depends on the order in which `IoCsqInsertIrp`
    /// works: with another order, there are no others.
    pub each_state: Option<Vec<Vec<u8>>>,
    /// Whether these are the schedules of an earlier exploration, one for each state, and nothing has changed.
    pub again: bool,
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
    /// The broken rule that ended it.
    pub found: Option<Found>,
    /// Those after which it went on, each once.
    pub passed: Vec<Found>,
    /// A panic of the simulator itself.
    pub broken: Option<String>,
}

/// Runs `body` once, in one schedule, without a change of thread that is not forced.
pub fn once(body: impl Fn() + Send + Sync + 'static) -> Outcome {
    let limits = Limits {
        schedules: Some(1),
        ..Limits::default()
    };
    explore(Bounded::new(0), limits, |_| {}, body)
}

/// Explores `body`, which begins with an empty world in the run's first thread.
///
/// `progress` is told the number of the schedule before each.
pub fn explore(
    strategy: impl Strategy + 'static,
    limits: Limits,
    progress: impl FnMut(usize) + 'static,
    body: impl Fn() + Send + Sync + 'static,
) -> Outcome {
    let mut exploration = Exploration::new(strategy, Arc::new(body));
    exploration.go_on(limits, progress);
    exploration.end()
}

/// What is explored: plays a scenario once, in a run that has begun.
pub type Body = Arc<dyn Fn() + Send + Sync>;

/// What came of runs.
struct Ran {
    found: Option<Found>,
    passed: Vec<Found>,
    broken: Option<String>,
}

/// Runs `body` in the strategy's schedules, with the points that are set.
fn run(
    strategy: &Rc<RefCell<dyn Strategy>>,
    go_on: impl FnMut() -> bool + 'static,
    goes_on: GoesOn,
    body: Body,
    collected: Arc<Collected>,
) -> Ran {
    let findings = Rc::new(RefCell::new((None, Vec::new())));
    let noted = Rc::clone(&findings);
    let note = move || note_found(&mut noted.borrow_mut(), &goes_on);
    let adapter = Adapter::new(Rc::clone(strategy), go_on, note);
    let runner = Runner::new(adapter, config());
    world::with(|world| *world = world::World::default());
    let watchdog = Watchdog::start();
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        runner.run(move || {
            begin();
            body();
            collected.add();
        })
    }));
    drop(watchdog);
    let (found, passed) = findings.take();
    Ran {
        found,
        passed,
        broken: result.err().map(|payload| message(payload.as_ref())),
    }
}

/// Takes the finding of the run that has ended. Returns whether to go on.
fn note_found(noted: &mut (Option<Found>, Vec<Found>), goes_on: &GoesOn) -> bool {
    let Some(found) = take_found() else {
        return true;
    };
    let (last, passed) = noted;
    if !goes_on.after(&found.finding) {
        *last = Some(found);
        return false;
    }
    add(passed, found);
    true
}

/// Counts a finding that is known, or adds it.
fn add(known: &mut Vec<Found>, found: Found) {
    match known.iter_mut().find(|known| known.is_like(&found)) {
        Some(known) => known.count += found.count,
        None => known.push(found),
    }
}

/// Plays the schedule again to learn from where in the driver each step was taken, which takes too long to be
/// recorded always.
fn name_places(found: &mut Found, body: &Body) {
    let Ok(choices) = replay::decode(&found.schedule) else {
        return;
    };
    let set =
        |points| machine::with(|machine| std::mem::replace(&mut machine.settings.points, points));
    let own = set(found.points.clone());
    race::begin(false, None);
    world::next_round();
    let strategy: Rc<RefCell<dyn Strategy>> = Rc::new(RefCell::new(Replay::new(choices)));
    caller::record(true);
    let (body, collected) = (Arc::clone(body), Arc::default());
    let again = run(&strategy, || true, GoesOn::default(), body, collected).found;
    caller::record(false);
    set(own);
    if let Some(again) = again.filter(|again| again.finding.rule.name == found.finding.rule.name) {
        found.trace = again.trace;
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

fn take_found() -> Option<Found> {
    world::with(|world| {
        let finding = world.finding.take()?;
        Some(Found {
            finding,
            trace: report::trace(world),
            schedule: replay::encode(&world.choices),
            points: race::learned().active,
            count: 1,
        })
    })
}

fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
}
