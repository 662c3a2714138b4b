//! `csqctl`: see `csqctl --help`.

use clap::Parser;
use csqctl::arguments::Arguments;
use std::process::ExitCode;

#[cfg(windows)]
fn main() -> ExitCode {
    csqctl::command::main(&Arguments::parse())
}

#[cfg(not(windows))]
fn main() -> ExitCode {
    // Arguments are parsed for `--help` and for what is wrong with them.
    Arguments::parse();
    eprintln!("csqctl talks to a Windows driver: run csqctl.exe on Windows or in Wine.");
    ExitCode::from(csqctl::exit_code::USAGE)
}
