//! csq.sys, loaded once for each OS thread and kind of kernel.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use behaviors::runner;
use exploration::program::{self, Simulated};
use exploration::scenario::Scenario;
use exploration::trial;
use ntsim::explore::{Limits, Outcome, explore};
use ntsim::fault::Fault;
use ntsim::repeated::Scenario as _;
use ntsim::schedule::given::Given;
use ntsim::schedule::sleep_set::SleepSet;
use ntsim::{Clock, CsqOrder, Settings};

use crate::case::Kernel;
use crate::coverage;

/// Names a csq.sys other than that of the package.
const VARIABLE: &str = "CSQ_SYS";

thread_local! {
    static LOADED: RefCell<Option<(CsqOrder, bool, Clock)>> = const { RefCell::new(None) };
}

/// A file of the checkout that the current directory is in; tests run in the folder of their package.
#[must_use]
pub fn in_checkout(file: &str) -> PathBuf {
    let current = std::env::current_dir().unwrap_or_default();
    let mut ancestors = current.ancestors();
    let checkout =
        ancestors.find(|folder| folder.join("tests/hunt/differential/Cargo.toml").is_file());
    checkout.unwrap_or(&current).join(file)
}

/// Where csq.sys is.
#[must_use]
pub fn path() -> PathBuf {
    std::env::var_os(VARIABLE).map_or_else(|| in_checkout("target/package/csq.sys"), PathBuf::from)
}

fn bytes() -> Result<&'static [u8], String> {
    static BYTES: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();
    let read = || {
        let path = path();
        std::fs::read(&path).map_err(|error| {
            format!(
                "cannot read {} ({error}); `cargo make` builds it",
                path.display()
            )
        })
    };
    match BYTES.get_or_init(read) {
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(error.clone()),
    }
}

fn load(settings: Settings) -> Result<(), String> {
    let kind = Some((settings.csq_order, settings.tracing, settings.clock));
    if LOADED.with_borrow(|loaded| *loaded == kind) {
        return Ok(());
    }
    let path = path();
    program::install(bytes()?, &path, settings)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    coverage::watch();
    LOADED.set(kind);
    Ok(())
}

/// Runs the required behaviors of crate `scenarios`, each in so many orders of its threads.
///
/// # Errors
/// Which of them does not hold.
pub fn run_behaviors(kernel: Kernel, schedules: usize) -> Result<(), String> {
    load(kernel.settings(Clock::Idle))?;
    let behaviors = runner::choose("").map_err(|error| error.to_string())?;
    for behavior in behaviors {
        let judged = program::judge(&behavior, SleepSet::default(), at_most(schedules), |_| ());
        faultless(behavior.name, judged.outcome)?;
    }
    Ok(())
}

/// Lets everything fail that can fail, each at each of its uses, as `exploration faults` does.
///
/// # Errors
/// The rule that was broken.
pub fn run_faults(kernel: Kernel) -> Result<(), String> {
    let settings = kernel.settings(Clock::default());
    load(settings)?;
    let uses = trial(&[])?;
    uses.into_iter()
        .try_for_each(|fault| trial(&[fault]).map(drop))
}

fn trial(faults: &[Fault]) -> Result<Vec<Fault>, String> {
    let run = trial::run(faults)?;
    match run.found {
        Some(found) => Err(format!(
            "with {faults:?} failing: {}",
            found.finding.message
        )),
        None => Ok(run.uses.into_iter().map(|(fault, _)| fault).collect()),
    }
}

/// Runs the scenarios with claims and timeouts, each in so many orders of its threads.
///
/// # Errors
/// The rule that was broken.
pub fn run_scenarios(kernel: Kernel, schedules: usize) -> Result<(), String> {
    load(kernel.settings(Clock::Free))?;
    for scenario in Scenario::broker() {
        let (name, limits) = (scenario.to_string(), at_most(schedules));
        let outcome = explore(SleepSet::default(), limits, |_| (), move || scenario.play());
        faultless(&name, outcome)?;
    }
    Ok(())
}

fn at_most(schedules: usize) -> Limits {
    Limits {
        schedules: Some(schedules),
        ..Limits::default()
    }
}

fn faultless(name: &str, outcome: Outcome) -> Result<(), String> {
    match outcome.found {
        Some(found) => Err(format!("{name}: {}", found.finding.message)),
        None => Ok(()),
    }
}

/// Runs `body` on a driver that has just been loaded, with this schedule, from its start to its end.
///
/// # Errors
/// What `body` says, or the rule of ntsim that was broken.
pub fn run(
    kernel: Kernel,
    clock: Clock,
    schedule: Vec<u8>,
    body: impl Fn(&Simulated) -> Result<(), String> + Send + Sync + 'static,
) -> Result<(), String> {
    load(kernel.settings(clock))?;
    let said = Arc::new(Mutex::new(Ok(())));
    let told = Arc::clone(&said);
    let outcome = explore(
        Given::new(schedule),
        Limits::default(),
        |_| (),
        move || {
            let target = Simulated::start_with(&kernel.parameters());
            let result = body(&target);
            let wrong = result.is_err();
            *told.lock().unwrap_or_else(PoisonError::into_inner) = result;
            if !wrong {
                target.stop();
            }
        },
    );
    said.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()?;
    if let Some(found) = outcome.found {
        let finding = found.finding;
        let trace: Vec<String> = found.trace.iter().map(ToString::to_string).collect();
        let trace = trace.join("\n");
        return Err(format!(
            "{trace}\n{}: {} (T{}, {:?})",
            finding.rule.name, finding.message, finding.thread, finding.stack
        ));
    }
    outcome.broken.map_or(Ok(()), Err)
}
