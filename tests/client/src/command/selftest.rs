//! `csqctl selftest`

use crate::arguments::Selftest;
use crate::device::Client;
use crate::device::install::inf_path;
use crate::output::Output;
use crate::target::RealDevice;
use crate::{Error, exit_code, report};
use behaviors::report::Entry;
use behaviors::runner::{self, Progress, RunError};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// How long one behavior may take. A body that blocks in the kernel cannot be stopped otherwise.
const LIMIT: Duration = Duration::from_mins(3);

pub(super) fn run(arguments: &Selftest, output: Output) -> Result<(), Error> {
    if arguments.list {
        let chosen = runner::choose::<RealDevice>(&arguments.filter)?;
        output.result(report::list(&chosen), &report::list_json(&chosen));
        return Ok(());
    }
    // For a better sentence than the first body would have if there is no device.
    drop(Client::open()?);
    let inf = match (&arguments.inf.inf, inf_path(arguments.inf.inf.as_deref())) {
        (_, Ok(path)) => Some(path),
        (None, Err(_)) => None,
        (Some(_), Err(error)) => return Err(error),
    };
    let mut watched = Watched {
        output,
        since: Instant::now(),
        watch: watch(),
    };
    let result = runner::run(&RealDevice::new(inf), &arguments.filter, &mut watched);
    let report = match result {
        Ok(report) => report,
        Err(RunError::NotIdle { reason, so_far }) => {
            output.result(report::summary(&so_far), &report::json(&so_far));
            let failed = so_far.failed();
            let all = so_far.entries.len();
            let stopped = Error::from(RunError::NotIdle { reason, so_far });
            if failed == 0 {
                return Err(stopped);
            }
            // What failed before is the reason, most likely, and the verdict in any case.
            eprintln!("csqctl: {stopped}");
            return Err(Error::ChecksFailed { failed, all });
        }
        Err(error) => return Err(error.into()),
    };
    output.result(report::summary(&report), &report::json(&report));
    match (report.failed(), report.passed()) {
        (0, 0) => Err(Error::NothingChecked),
        (0, _) => Ok(()),
        (failed, _) => Err(Error::ChecksFailed {
            failed,
            all: report.entries.len(),
        }),
    }
}

/// Prints each verdict as it falls, and tells the watch that time goes on.
struct Watched {
    output: Output,
    since: Instant,
    watch: Sender<&'static str>,
}

impl Progress for Watched {
    fn started(&mut self, name: &'static str) {
        self.since = Instant::now();
        let _ = self.watch.send(name);
    }

    fn judged(&mut self, entry: &Entry) {
        self.output.say(report::line(entry, self.since.elapsed()));
    }
}

/// Ends the program if a behavior takes too long. The sender is told what is being run.
fn watch() -> Sender<&'static str> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut name = "the start";
        loop {
            match receiver.recv_timeout(LIMIT) {
                Ok(next) => name = next,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = LIMIT.as_secs();
                    eprintln!("csqctl: {name} has not ended within {seconds} seconds");
                    std::process::exit(exit_code::TIMED_OUT.into());
                }
            }
        }
    });
    sender
}
