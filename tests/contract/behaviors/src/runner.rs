//! Runs behaviors and judges them.
//!
//! The device must be idle before a body runs, or its counts mean nothing; and it must be idle
//! again afterwards, or the body or the driver has left something behind.

use crate::behavior::{Behavior, table};
use crate::expect;
use crate::outcome::{Checked, Outcome, Stop};
use crate::report::{Entry, Report};
use crate::session::Session;
use crate::target::{OpenError, Target};
use csq_protocol::ioctl::Rights;

/// Why a run ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Nothing was chosen, so nothing was shown.
    #[error("no behavior has `{filter}` in its name")]
    NothingChosen {
        /// What the names were searched for.
        filter: String,
    },
    /// The device is in use, or does not answer as it must.
    #[error("the device is not ready for the next behavior: {reason}")]
    NotIdle {
        /// What was seen of it.
        reason: String,
        /// The verdicts so far.
        so_far: Report,
    },
}

/// Told of each behavior as it is run.
pub trait Progress {
    /// A behavior is about to be run.
    fn started(&mut self, name: &'static str);
    /// It has been judged.
    fn judged(&mut self, entry: &Entry);
}

/// The behaviors whose name contains `filter`.
///
/// # Errors
/// There are none.
pub fn choose<T: Target>(filter: &str) -> Result<Vec<Behavior<T>>, RunError> {
    let mut chosen = table();
    chosen.retain(|behavior| behavior.name.contains(filter));
    if chosen.is_empty() {
        let filter = filter.to_owned();
        return Err(RunError::NothingChosen { filter });
    }
    Ok(chosen)
}

/// Runs the behaviors whose name contains `filter`, one after another.
///
/// # Errors
/// There are none, or the device is not idle.
pub fn run<T: Target>(
    target: &T,
    filter: &str,
    progress: &mut dyn Progress,
) -> Result<Report, RunError> {
    let mut report = Report::default();
    for behavior in choose(filter)? {
        if let Err(Stop::Failed(failure)) = idle(target) {
            let reason = failure.to_string();
            let so_far = report;
            return Err(RunError::NotIdle { reason, so_far });
        }
        progress.started(behavior.name);
        let entry = Entry {
            name: behavior.name,
            shows: behavior.shows,
            rules: behavior.rules,
            outcome: judge(target, behavior.body),
        };
        progress.judged(&entry);
        report.entries.push(entry);
    }
    Ok(report)
}

/// Runs one body on an idle device, which must be idle again when it has returned.
pub fn judge<T: Target>(target: &T, body: fn(&T) -> Checked) -> Outcome {
    let checked = body(target).and_then(|()| idle(target));
    if checked.is_err() && matches!(target.open(Rights::ALL), Err(OpenError::Absent)) {
        // It stopped after it had removed the device, which the next ones need. If that fails they
        // say so.
        let _ = target.install();
    }
    checked.into()
}

/// Nothing may be pending and no handle open but the one that asks.
///
/// Hosts may tell the driver of a closed handle a little later, so this waits.
fn idle<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let mut last = session.statistics()?;
    let idle = target.wait_until(&mut || {
        // An account that can be read once and not again shows below, as it last was.
        session.statistics().is_ok_and(|statistics| {
            last = statistics;
            let left = last.pending.get() + last.claimed.get() + last.waiting.get();
            (last.handles.get(), left) == (1, 0)
        })
    });
    if idle {
        return Ok(());
    }
    expect::failed(
        "the device when nothing is asked of it",
        "no other handle and no request",
        format!(
            "{} other handles, {} requests pending, {} claimed, {} claims waiting",
            last.handles.get().saturating_sub(1),
            last.pending.get(),
            last.claimed.get(),
            last.waiting.get()
        ),
    )
}

#[cfg(test)]
mod tests;
