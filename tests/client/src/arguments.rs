//! The command line.

use crate::exit_code;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

mod clients;
mod servers;

pub use clients::{Cancel, Pend, Way};
pub use servers::{Claim, Complete, Reply, ReplyError, Serve};

/// Installs, uses and tests csq.sys, a driver that keeps requests pending in cancel-safe queues.
#[derive(Debug, Parser)]
#[command(name = "csqctl", version, after_help = exit_code::HELP)]
pub struct Arguments {
    /// Print JSON, for scripts.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Install the driver from its INF, as `devcon install csq.inf Root\CSQ` does, and check that
    /// the device has started.
    Install(Inf),
    /// Remove every csq device.
    Uninstall,
    /// Leave requests with the driver and wait until they end. Ctrl-C cancels them.
    Pend(Pend),
    /// End a pending request, whoever made it: the oldest, or the one with an id.
    Complete(Complete),
    /// Claim the oldest requests, as a server does, and show them; answer them, or give them back.
    Claim(Claim),
    /// Be a server: claim every request and answer it, until Ctrl-C.
    Serve(Serve),
    /// Make requests and cancel them: shows what becomes of them. Only the handle that made a
    /// request can cancel it, so this makes its own.
    Cancel(Cancel),
    /// Show the driver's account of all requests.
    Stats,
    /// Show the driver's account as it changes, until Ctrl-C.
    Watch(Watch),
    /// Let many clients and servers loose on the driver, and check that its account agrees with
    /// theirs. Nobody else may use the device meanwhile.
    Stress(Stress),
    /// Show which version of the protocol this program and the driver speak.
    Version,
    /// Show what the driver is for: install it, pend requests, end them in every way there is, and
    /// remove it with requests still pending.
    Demo(Demo),
    /// Check every required behavior on the device.
    Selftest(Selftest),
}

/// Where the INF is.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Inf {
    /// The INF to install from [default: csq.inf beside csqctl.exe].
    #[arg(long, value_name = "PATH")]
    pub inf: Option<PathBuf>,
}

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub struct Watch {
    /// Milliseconds between two looks.
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub interval: u32,
    /// End after so many looks [default: at Ctrl-C].
    #[arg(long, value_name = "NUMBER")]
    pub count: Option<u64>,
}

/// Arguments of `stress`.
#[derive(Debug, clap::Args)]
pub struct Stress {
    /// For how long.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: u32,
    /// Where the random choices begin [default: somewhere, and it is shown].
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Threads that make requests.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub clients: u32,
    /// Threads that answer them.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub servers: u32,
    /// Start processes with requests and claims of their own, and kill them in the middle.
    #[arg(long)]
    pub kill_children: bool,
}

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Where the INF is.
    #[command(flatten)]
    pub inf: Inf,
}

/// Arguments of `selftest`.
#[derive(Debug, clap::Args)]
pub struct Selftest {
    /// Only behaviors with this in their name.
    #[arg(default_value = "")]
    pub filter: String,
    /// Do not run anything, only list the behaviors.
    #[arg(long)]
    pub list: bool,
    /// Where the INF is; without it, behaviors that install the driver are not checked.
    #[command(flatten)]
    pub inf: Inf,
}

#[cfg(test)]
mod tests;
