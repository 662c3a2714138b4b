//! Hours of work for csq.sys: nothing lost, nothing wedged, memory flat.
//!
//! Exit codes: 0; 1 when something was lost, miscounted or kept; 2 when the soak itself cannot run.
//!
//! | module | what it is |
//! |---|---|
//! | `kernel` | csq.sys on real threads, in ntsim's real-thread mode: loaded and unloaded again and again |
//! | `wine` | csq.sys in Wine, with `csqctl stress`: installed and uninstalled again and again |
//! | `memory` | how much memory processes have, and whether it grows |
//! | `clock` | how long it still goes on, and the progress |

mod clock;
mod kernel;
mod memory;
mod wine;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use serde::Serialize;

/// Lets csq.sys work for a long time, with everything going wrong that can.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// On real threads in ntsim: clients and servers, timeouts, Plug and Play; loads the driver anew for
    /// each life.
    Kernel(kernel::Options),
    /// In Wine: `csqctl stress` with processes that are killed; installs the driver anew for each life.
    Wine(wine::Options),
}

/// What both have in common.
#[derive(Args, Debug)]
struct Common {
    /// For how long.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Where the random choices begin; it is printed.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Writes the summary as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Common {
    fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| fastrand::u64(..))
    }

    /// Writes the summary; what came of the soak is the exit code.
    fn finish(&self, summary: &impl Serialize, wrong: &[String]) -> Result<ExitCode> {
        if let Some(path) = &self.json {
            let text = serde_json::to_string_pretty(summary)?;
            std::fs::write(path, text + "\n").with_context(|| path.display().to_string())?;
        }
        for what in wrong {
            println!("WRONG: {what}");
        }
        Ok(if wrong.is_empty() {
            println!("nothing lost, memory flat");
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Kernel(options) => kernel::run(&options),
        Command::Wine(options) => wine::run(&options),
    };
    result.unwrap_or_else(|error| {
        eprintln!("soak: {error:#}");
        ExitCode::from(2)
    })
}
