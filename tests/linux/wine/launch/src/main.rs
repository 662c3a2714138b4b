//! `wine-launch REPORT PROGRAM [ARGUMENT...]`: runs a program and writes how it ended to REPORT.
//!
//! Wine hands only the low eight bits of an exit code to Linux, and 0 for a program that was
//! interrupted: a failure could look like a success. This program runs inside Wine, where the exit
//! code still has its 32 bits, and writes it down. No report means that the program did not end by
//! itself. wine-host reads the report; see its module `run`.

use std::env;
use std::fmt::Display;
use std::fs;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(report), Some(program)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: wine-launch REPORT PROGRAM [ARGUMENT...]");
        return ExitCode::FAILURE;
    };
    // Ctrl-C is for the program. It reaches this one, too, which has to report how that ended.
    if let Err(error) = ctrlc::set_handler(|| {}) {
        return failure(error);
    }
    let outcome = match Command::new(&program).args(arguments).status() {
        Ok(status) => match status.code() {
            Some(code) => format!("exit {}", code.cast_unsigned()),
            None => return failure("the program's exit code could not be had"),
        },
        Err(error) => format!("start {error}"),
    };
    // Written under another name first: wine-host must not read half a report.
    let draft = report.to_string_lossy().into_owned() + ".new";
    if let Err(error) = fs::write(&draft, outcome).and_then(|()| fs::rename(&draft, &report)) {
        return failure(error);
    }
    ExitCode::SUCCESS
}

/// Says why there is no report.
fn failure(reason: impl Display) -> ExitCode {
    eprintln!("wine-launch: {reason}");
    ExitCode::FAILURE
}
