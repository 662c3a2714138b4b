//! What csq.sys costs, measured side by side with C drivers for the same protocol.
//!
//! Exit codes: 0; 1 when a budget is exceeded; 2 when the input cannot be used.

mod driver;
mod exact;
mod profile;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use driver::{LIMIT, Subject};

/// Measures csq.sys and, with --baseline, the C drivers beside it.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// csq.sys.
    driver: PathBuf,
    /// Only what can be counted exactly: fails when a budget is exceeded, and never for a time.
    #[arg(long)]
    quick: bool,
    /// Says how many instructions of which function each path takes; needs the map beside csq.sys.
    #[arg(long)]
    profile: bool,
    /// The directory with plain.sys and tuned.sys.
    #[arg(long)]
    baseline: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut subjects = vec![Subject::start("csq.sys", &arguments.driver, LIMIT)?];
    if let Some(directory) = &arguments.baseline {
        for name in ["tuned", "plain"] {
            let path = directory.join(name).with_extension("sys");
            subjects.push(Subject::start(&format!("{name}.sys"), &path, LIMIT)?);
        }
    }
    let mut code = ExitCode::SUCCESS;
    for subject in &subjects {
        let rows = exact::measure(subject)?;
        if arguments.profile { profile::print(&arguments.driver, &rows)?; return Ok(code); }
        print!("{}", exact::table(&rows));
        println!("{}: .text {} bytes, limit {}", subject.name, subject.text, subject.limit);
        for sentence in exact::over_budget(&rows, subject.text) {
            println!("  OVER: {sentence}");
            if subject.name == "csq.sys" { code = ExitCode::from(1); }
        }
    }
    Ok(code)
}
