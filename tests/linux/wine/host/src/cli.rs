//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::layout::Layout;
use crate::{check, driver_log, prepare, run, session, stage, wine::Wine};

/// What the process returns, apart from 0. `run` also returns the program's own code.
pub mod exit {
    /// `check` found an import that nothing provides.
    pub const UNRESOLVED: u8 = 1;
    /// The program's exit code does not fit into what Linux keeps of one; it is printed in full.
    pub const LARGE: u8 = 123;
    /// A program did not end within its time limit.
    pub const TIME_LIMIT: u8 = 124;
    /// wine-host could not do its own part; the message says what to do.
    pub const TROUBLE: u8 = 125;
    /// The process in which Wine runs drivers died.
    pub const DRIVER_CRASH: u8 = 126;
    /// The program could not be started.
    pub const NOT_STARTED: u8 = 127;
    /// What csqctl returns at Ctrl-C, as programs do on Linux.
    pub const INTERRUPTED: u8 = 130;
}

/// Runs csq.sys and its programs in Wine.
#[derive(Parser)]
#[command(after_help = "\
Everything is in target/wine, or in the directory that WINE_HOST_DIR names.

Exit codes: 0 done; 1 `check` found an unresolved import; 2 the arguments make no sense; 123 the program's code is above 122 and not 130 (it is
printed); 124 time limit; 125 wine-host failed; 126 the driver's process died; 127 the program did
not start; otherwise the program's own code.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the Wine prefix, or brings it up to date; quick when nothing changed.
    Prepare {
        /// Makes it anew even if it is up to date.
        #[arg(long)]
        fresh: bool,
    },
    /// Copies a driver package (csq.sys, csq.inf, csqctl.exe) to C:\csq, as Wine needs it. Ends the
    /// session if anything is new, so that the next one loads the new driver.
    Stage {
        /// The directory of the package.
        package: PathBuf,
    },
    /// Runs a Windows program in the prefix, and the session with the driver first if need be.
    Run {
        /// Seconds after which the program counts as hung and the session is ended; 0 for never.
        #[arg(long, default_value_t = 120)]
        time_limit: u64,
        /// Working directory of the program (a Linux path).
        #[arg(long)]
        dir: Option<PathBuf>,
        /// The program, as a Linux or a Windows path, and its arguments.
        #[arg(required = true, trailing_var_arg = true)]
        program: Vec<OsString>,
    },
    /// Prints what the drivers of this session have said (`DbgPrint`).
    Log {
        /// Prints what Wine said as well, as it said it.
        #[arg(long)]
        raw: bool,
    },
    /// Ends the session: the driver, and every program in the prefix.
    Stop,
    /// Tells where each import of a .sys would come from.
    Check {
        /// The driver.
        driver: PathBuf,
    },
}

impl Cli {
    /// Does what the command line says; returns the process's exit code.
    pub fn execute(self) -> Result<u8> {
        let layout = Layout::of_this_checkout()?;
        let wine = Wine::find(&layout)?;
        match self.command {
            Command::Prepare { fresh } => prepare::prepare(&layout, &wine, fresh).map(|()| 0),
            Command::Stage { package } => stage::stage(&layout, &wine, &package).map(|()| 0),
            Command::Run {
                time_limit,
                dir,
                program,
            } => run::run(
                &layout,
                &wine,
                &run::Request {
                    program,
                    directory: dir,
                    time_limit: (time_limit > 0).then(|| Duration::from_secs(time_limit)),
                },
            ),
            Command::Log { raw } => driver_log::print(&layout, raw).map(|()| 0),
            Command::Stop => session::stop(&wine).map(|()| 0),
            Command::Check { driver } => check::check(&layout, &driver),
        }
    }
}
