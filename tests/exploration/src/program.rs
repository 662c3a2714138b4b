//! Programs in user mode: the required behaviors of crate `scenarios`, run against the driver here.
//!
//! The same bodies run against a real device. Here a body is run in every order of its threads, or as
//! many as there is time for, and under all rules.

mod handle;
mod layout;
mod pending;
mod process;
pub mod queues;
mod target;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use behaviors::behavior::Behavior;
use behaviors::outcome::Outcome as Verdict;
use behaviors::runner;

use crate::rule;
use ntsim::Settings;
use ntsim::explore::{Limits, Outcome, explore};
use ntsim::finding;
use ntsim::image::ImageError;
use ntsim::machine::Machine;
use ntsim::schedule::Strategy;
pub use target::Simulated;

/// Loads a driver into a machine that belongs to the calling OS thread, in place of the one it had.
///
/// # Errors
/// [`ImageError`] for a file that is no x64 driver.
pub fn install(file: &[u8], path: &Path, settings: Settings) -> Result<(), ImageError> {
    Machine::install(file, path, settings)?;
    layout::read(path);
    Ok(())
}

/// What came of one behavior.
#[derive(Debug)]
pub struct Judged {
    /// The runs.
    pub outcome: Outcome,
    /// Why it cannot be shown here, if so.
    pub lacks: Option<String>,
}

/// Runs one behavior on a fresh driver, again and again.
pub fn judge(
    behavior: &Behavior<Simulated>,
    strategy: impl Strategy + 'static,
    limits: Limits,
    progress: impl FnMut(usize) + 'static,
) -> Judged {
    let body = behavior.body;
    let lacks = Arc::new(Mutex::new(None));
    let found_lacking = Arc::clone(&lacks);
    let outcome = explore(strategy, limits, progress, move || {
        let target = Simulated::start();
        match runner::judge(&target, body) {
            Verdict::Passed => {}
            Verdict::Failed(failure) => {
                finding::raise(&rule::behavior::NOT_AS_REQUIRED, failure.to_string());
            }
            Verdict::NotOnThisTarget(reason) => {
                *found_lacking.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
            }
        }
        target.stop();
    });
    let lacks = lacks.lock().map_or(None, |mut lacks| lacks.take());
    Judged { outcome, lacks }
}
