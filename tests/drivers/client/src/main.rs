//! Installs the drivers of `tests/drivers`, uses each as a program does, and removes its device:
//!
//! drivers-client INF
//!
//! Exit codes: 0 all did what they should, 1 one did not, 2 bad arguments.

#[cfg(windows)]
mod device;
#[cfg(windows)]
mod uses;

use std::process::ExitCode;

#[cfg(windows)]
fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [inf] = arguments.as_slice() else {
        eprintln!("usage: drivers-client INF");
        return ExitCode::from(2);
    };
    for (name, used) in uses::ALL {
        if let Err(error) = device::with(inf.as_ref(), name, used) {
            eprintln!("{name}: {error:#}");
            return ExitCode::FAILURE;
        }
        println!("{name}: as it should");
    }
    ExitCode::SUCCESS
}

#[cfg(not(windows))]
fn main() -> ExitCode {
    eprintln!("drivers-client is for Windows, and for Wine");
    ExitCode::from(2)
}
