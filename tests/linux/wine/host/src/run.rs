//! Runs one program in the session and tells how it really ended.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cli::exit;
use crate::driver_log;
use crate::layout::{Layout, windows_path};
use crate::session;
use crate::wine::{self, Debug, Wine};

/// What to run.
pub struct Request {
    /// The program and its arguments.
    pub program: Vec<OsString>,
    /// Its working directory.
    pub directory: Option<PathBuf>,
    /// How long it may take; `None` for as long as it likes.
    pub time_limit: Option<Duration>,
}

/// How a program ended, as wine-launch reports it.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Code(u32),
    NotStarted(String),
}

/// Runs it; returns the exit code for this process.
pub fn run(layout: &Layout, wine: &Wine, request: &Request) -> Result<u8> {
    layout.require_prepared()?;
    let lock = session::lock(layout)?;
    session::ensure(layout, wine)?;
    drop(lock);

    let log_start = driver_log::length(layout);
    let report = layout.report();
    session::forget_report(layout);
    let mut command = wine.program(Debug::Nothing);
    command.arg(layout.launcher()).arg(new_file(&report)?);
    for (index, argument) in request.program.iter().enumerate() {
        command.arg(if index == 0 {
            program(argument)?
        } else {
            argument.clone()
        });
    }
    if let Some(directory) = &request.directory {
        command.current_dir(directory);
    }
    // Ctrl-C is for the program: it ends as it does on Windows, and this process says how.
    ctrlc::set_handler(|| {}).context("cannot listen for Ctrl-C")?;
    let child = command.spawn().context("cannot start wine")?;
    let ended = wine::wait(child, request.time_limit)?;
    let ending = fs::read_to_string(&report).ok();
    session::forget_report(layout);

    let log = driver_log::since(layout, log_start)?;
    if let Some(line) = driver_log::crash(&log) {
        eprintln!("wine-host: the process of the drivers died: {line}");
        give_up(layout, wine, &log)?;
        return Ok(exit::DRIVER_CRASH);
    }
    if ended.is_none() {
        let limit = request.time_limit.unwrap_or_default().as_secs();
        eprintln!("wine-host: the program did not end within {limit} s and was killed");
        give_up(layout, wine, &log)?;
        return Ok(exit::TIME_LIMIT);
    }
    let code = match ending.as_deref().map(parse).transpose()? {
        Some(Ending::Code(code)) => linux_code(code),
        Some(Ending::NotStarted(reason)) => {
            eprintln!("wine-host: the program could not be started: {reason}");
            exit::NOT_STARTED
        }
        None => bail!(
            "the program was interrupted, or Wine could not run it: it left no exit code. \
             `wine-host stop` ends what may be left of it"
        ),
    };
    Ok(code)
}

/// Ends a session that is of no use any more, having shown what its drivers said last.
fn give_up(layout: &Layout, wine: &Wine, log: &str) -> Result<()> {
    eprintln!("wine-host: the session is ended; its drivers' last words since the program began:");
    for line in last_lines(log) {
        eprintln!("  {line}");
    }
    let _lock = session::lock(layout)?;
    session::end(wine)
}

/// The exit code of a Windows program as one of this process. Nonzero stays nonzero.
fn linux_code(code: u32) -> u8 {
    match u8::try_from(code) {
        Ok(small) if small < exit::LARGE || small == exit::INTERRUPTED => small,
        _ => {
            eprintln!("wine-host: the program's exit code is {code} ({code:#x})");
            exit::LARGE
        }
    }
}

fn parse(report: &str) -> Result<Ending> {
    match report.split_once(' ') {
        Some(("exit", code)) => Ok(Ending::Code(code.parse().context("wine-launch's report")?)),
        Some(("start", reason)) => Ok(Ending::NotStarted(reason.to_owned())),
        _ => bail!("wine-launch reported `{report}`"),
    }
}

/// A program by its Linux path, if there is such a file; otherwise by what was given, for Wine to
/// find.
fn program(given: &OsStr) -> Result<OsString> {
    if Path::new(given).is_file() {
        return Ok(windows_path(Path::new(given))?.into());
    }
    Ok(given.to_owned())
}

/// The Windows path of a file that does not exist yet.
fn new_file(path: &Path) -> Result<String> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(OsStr::to_str))
    else {
        bail!("{} is not the path of a file", path.display());
    };
    Ok(format!("{}\\{name}", windows_path(directory)?))
}

fn last_lines(log: &str) -> Vec<&str> {
    let lines: Vec<&str> = log.lines().collect();
    lines.split_at(lines.len().saturating_sub(10)).1.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_never_becomes_a_success() {
        assert_eq!(linux_code(0), 0);
        assert_eq!(linux_code(7), 7);
        assert_eq!(linux_code(122), 122);
        assert_eq!(linux_code(130), exit::INTERRUPTED);
        for code in [123, 255, 256, 512, 0xC000_0005, 0xC000_0100, u32::MAX] {
            assert_eq!(linux_code(code), exit::LARGE, "{code}");
        }
    }

    #[test]
    fn a_report_says_how_the_program_ended() {
        assert_eq!(parse("exit 300").unwrap(), Ending::Code(300));
        assert_eq!(
            parse("start File not found. (os error 2)").unwrap(),
            Ending::NotStarted("File not found. (os error 2)".to_owned())
        );
        for nonsense in ["", "exit", "exit x", "exit -1", "ended"] {
            assert!(parse(nonsense).is_err(), "{nonsense}");
        }
    }
}
