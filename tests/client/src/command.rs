//! The commands, one file each. Windows only.

use crate::arguments::{Arguments, Command};
use crate::output::Output;
use crate::{Error, interrupt};
use std::process::ExitCode;

mod alone;
mod cancel;
mod claim;
mod complete;
mod demo;
mod install;
mod pend;
mod selftest;
mod serve;
mod stats;
mod stress;
mod uninstall;
mod version;
mod watch;

/// Does what the command line says. The exit code says how it went.
#[must_use]
pub fn main(arguments: &Arguments) -> ExitCode {
    let output = Output::new(arguments.json);
    match run(&arguments.command, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(command: &Command, output: Output) -> Result<(), Error> {
    // The others listen for Ctrl-C themselves.
    if !matches!(
        command,
        Command::Pend(_)
            | Command::Claim(_)
            | Command::Serve(_)
            | Command::Watch(_)
            | Command::Stress(_)
    ) {
        interrupt::exit_on_ctrl_c()?;
    }
    match command {
        Command::Install(inf) => install::run(inf, output),
        Command::Uninstall => uninstall::run(output),
        Command::Pend(pend) => pend::run(pend, output),
        Command::Complete(complete) => complete::run(complete, output),
        Command::Claim(claim) => claim::run(claim, output),
        Command::Serve(serve) => serve::run(serve, output),
        Command::Watch(watch) => watch::run(watch, output),
        Command::Stress(stress) => stress::run(stress, output),
        Command::Cancel(cancel) => cancel::run(cancel, output),
        Command::Stats => stats::run(output),
        Command::Version => version::run(output),
        Command::Demo(demo) => demo::run(demo, output),
        Command::Selftest(selftest) => selftest::run(selftest, output),
    }
}
