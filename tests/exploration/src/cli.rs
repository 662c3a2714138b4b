//! The command line. Exit codes are those of `ntsim`.

mod behaviors;
mod crosscheck;
mod explore;
mod faults;
mod parts;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ntsim::cli::EXIT_CODES;

use crate::rule;

/// Explores csq.sys in a simulated kernel by scenarios of its own.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What `ntsim run` does: runs any driver from DriverEntry to unload under the rules.
    Run(ntsim::cli::run::Run),
    /// Runs scenarios with a driver that speaks the csq protocol, in every order that matters.
    Explore(Box<explore::Explore>),
    /// Checks ntsim itself: whatever state schedules by chance reach, the exhaustive search must have reached.
    Crosscheck(crosscheck::Crosscheck),
    /// Lets everything fail that can, at each use, and looks whether the driver copes: wrong statuses,
    /// leaks, and whether it works when tried again.
    Faults(faults::Faults),
    /// Runs the required behaviors of csq.sys, as programs in user mode see them, in every order.
    Behaviors(behaviors::Behaviors),
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    ntsim::rule::add(rule::all());
    let arguments = Arguments::parse();
    let code = match &arguments.command {
        Command::Run(run) => run.execute(),
        Command::Explore(explore) => explore.execute(),
        Command::Crosscheck(crosscheck) => crosscheck.execute(),
        Command::Faults(faults) => faults.execute(),
        Command::Behaviors(behaviors) => behaviors.execute(),
    };
    ExitCode::from(code)
}
