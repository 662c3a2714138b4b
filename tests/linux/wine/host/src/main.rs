//! `wine-host`: an end-to-end host for `csq.sys` on Linux.
//!
//! Debian's own Wine, unmodified, loads the shipped driver from its INF into `winedevice.exe` and
//! runs the shipped `csqctl.exe` against it. What Wine's kernel lacks is supplied by the forwarding
//! `ntoskrnl.exe` of the crate `wine-ntoskrnl`, which this tool builds and puts into a prefix of its
//! own under `target/wine`.
//!
//! | module | does |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`layout`] | which file is where |
//! | [`wine`] | finds Wine, starts its programs with the right environment, waits with a limit |
//! | [`prepare`] | makes the prefix; [`registry`], [`build`] and [`install`] are its parts |
//! | [`session`] | starts and stops the Wine session in which the driver lives |
//! | [`run`] | runs one program in the session and tells how it really ended |
//! | [`driver_log`] | what the driver printed, and whether its process died |
//! | [`stage`], [`inf`] | copy a driver package to where Wine can install it |
//! | [`check`], [`image`], [`forwards`] | what is imported, exported, forwarded, missing |

mod build;
mod check;
mod cli;
mod driver_log;
mod forwards;
mod image;
mod inf;
mod install;
mod layout;
mod prepare;
mod progress;
mod registry;
mod run;
mod session;
mod stage;
mod wine;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().execute() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("wine-host: {error:#}");
            ExitCode::from(cli::exit::TROUBLE)
        }
    }
}
