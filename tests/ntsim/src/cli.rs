//! The command line.
//!
//! Exit codes: 0 when no rule was broken, 1 when one was, 2 when the input cannot be used, 3 when
//! the simulator itself failed.

pub mod budget;
pub mod crosscheck;
pub mod explore;
pub mod findings;
mod routines;
pub mod run;
mod scripts;
pub mod search;
pub mod session;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::machine::Machine;
use crate::rule;
use crate::settings::{Settings, Value};

/// No rule was broken.
pub const CLEAN: u8 = 0;
/// A rule was broken.
pub const FOUND: u8 = 1;
/// The input cannot be used.
pub const BAD_INPUT: u8 = 2;
/// The simulator itself failed.
pub const FAILED: u8 = 3;

/// What the exit codes mean, for `--help`.
pub const EXIT_CODES: &str = "Exit codes: 0 no rule was broken, or only rules that are allowed; 1 a rule was broken; \
2 the input cannot be used; 3 ntsim itself failed.";

/// A simulated NT kernel: loads an x64 .sys into this process and explores every interleaving.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Loads any driver, says what it imports, and runs it from DriverEntry to unload under the rules.
    Run(run::Run),
    /// Runs scenarios in every order that matters: those in files, or all that can happen to a request with a control
    /// code.
    Explore(Box<explore::Explore>),
    /// Checks ntsim itself: whatever state schedules by chance reach, the exhaustive search must have reached.
    Crosscheck(crosscheck::Crosscheck),
    /// Lists the rules.
    Rules(Rules),
    /// Says of each kernel routine whether it is modelled, trivial or missing: of those that a driver imports, or of all.
    Routines(routines::Routines),
}

/// The arguments of `rules`.
#[derive(Debug, Args)]
struct Rules {
    /// As a page in Markdown, with what Windows calls each, an example and the mend.
    #[arg(long)]
    markdown: bool,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let code = match &arguments.command {
        Command::Run(run) => run.execute(),
        Command::Explore(explore) => explore.execute(),
        Command::Crosscheck(crosscheck) => crosscheck.execute(),
        Command::Rules(list) => {
            if list.markdown {
                print!("{}", rule::guide::page());
            } else {
                rules();
            }
            CLEAN
        }
        Command::Routines(routines) => routines.execute(),
    };
    ExitCode::from(code)
}

fn rules() {
    for rule in rule::all() {
        let bug_check = rule
            .bug_check
            .map_or_else(String::new, |it| format!(" [{} {:#x}]", it.1, it.0));
        println!("{}{bug_check}\n    {}", rule.name, rule.meaning);
        if let Some(guide) = rule::guide::guide(rule.name) {
            println!("    such as: {}\n    mend: {}", guide.example, guide.mend);
        }
    }
}

/// A driver's file, read.
#[derive(Debug)]
pub struct Driver {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Driver {
    /// Reads a file.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub fn read(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path)
            .map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Loads it into a machine of this OS thread.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub fn install(&self, settings: Settings) -> Result<(), String> {
        Machine::install(&self.bytes, &self.path, settings)
            .map_err(|error| format!("{} cannot be loaded: {error}", self.path.display()))
    }
}

/// What a person can choose about the simulated kernel that holds for a whole run.
#[derive(Debug, Args)]
pub struct Kernel {
    /// A value in the key Parameters of the driver's own: a `REG_DWORD` if VALUE is a number, else a
    /// `REG_SZ`. Such as `--parameter DeviceLimit=1`.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<((String, String), Value)>,
    /// Listens to the driver's ETW providers, so that it writes its events.
    #[arg(long)]
    tracing: bool,
    /// A DPC interrupts the thread that has queued it or set its timer, at any point below `DISPATCH_LEVEL`;
    /// else it runs beside it.
    #[arg(long)]
    preemption: bool,
}

impl Kernel {
    /// The settings they amount to.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            registry: self.parameters.clone(),
            tracing: self.tracing,
            preemption: self.preemption,
            ..Settings::default()
        }
    }

    /// The same as command line, with a space before each.
    #[must_use]
    pub fn arguments(&self) -> String {
        let mut text = String::new();
        for ((_, name), value) in &self.parameters {
            let _ = match value {
                Value::Number(number) => write!(text, " --parameter {name}={number}"),
                Value::Text(value) => write!(text, " --parameter '{name}={value}'"),
            };
        }
        if self.tracing {
            text.push_str(" --tracing");
        }
        if self.preemption {
            text.push_str(" --preemption");
        }
        text
    }
}

/// Reads `NAME=VALUE`.
fn parameter(text: &str) -> Result<((String, String), Value), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("a parameter is given as NAME=VALUE")?;
    let value = match value.parse() {
        Ok(number) => Value::Number(number),
        Err(_) => Value::Text(value.to_owned()),
    };
    Ok((("Parameters".to_owned(), name.to_owned()), value))
}

/// Prints why the input cannot be used, and returns the exit code for that.
#[must_use]
pub fn refuse(sentence: &str) -> u8 {
    eprintln!("ntsim: {sentence}");
    BAD_INPUT
}
