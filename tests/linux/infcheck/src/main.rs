//! Checks INF files. See the crate's documentation for what is checked.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Check INF files by the rules of the WDK's `InfVerif` that concern a driver such as csq.sys.
///
/// Prints a line for each rule that is broken: `FILE:LINE: RULE: what is wrong`. An .inx has to be stamped first.
///
/// Exit codes: 0 nothing is wrong, 1 something is, 2 bad arguments or a file cannot be read.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The INF files
    #[arg(required = true)]
    inf: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let mut wrong = false;
    for path in Arguments::parse().inf {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("infcheck: cannot read {}: {error}", path.display());
                return ExitCode::from(2);
            }
        };
        for finding in infcheck::check(&text) {
            println!("{}:{finding}", path.display());
            wrong = true;
        }
    }
    ExitCode::from(u8::from(wrong))
}
