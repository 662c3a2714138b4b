//! The command line.

use crate::exit_code;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Installs, uses and tests csq.sys, a driver that keeps requests pending in cancel-safe queues.
#[derive(Debug, Parser)]
#[command(name = "csqctl", version, after_help = exit_code::HELP)]
pub struct Arguments {
    /// Print JSON, for scripts.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Install the driver from its INF, as `devcon install csq.inf Root\CSQ` does, and check that
    /// the device has started.
    Install(Inf),
    /// Remove every csq device.
    Uninstall,
    /// Leave requests with the driver and wait until they end. Ctrl-C cancels them.
    Pend(Pend),
    /// End the oldest pending request, whoever made it.
    Complete(Complete),
    /// Make requests and cancel them: shows what becomes of them. Only the handle that made a
    /// request can cancel it, so this makes its own.
    Cancel(Cancel),
    /// Show the driver's account of all requests.
    Stats,
    /// Show which version of the protocol this program and the driver speak.
    Version,
    /// Show what the driver is for: install it, pend requests, end them in every way there is, and
    /// remove it with requests still pending.
    Demo(Demo),
    /// Check every required behavior on the device.
    Selftest(Selftest),
}

/// Where the INF is.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Inf {
    /// The INF to install from [default: csq.inf beside csqctl.exe].
    #[arg(long, value_name = "PATH")]
    pub inf: Option<PathBuf>,
}

/// Arguments of `pend`.
#[derive(Debug, clap::Args)]
pub struct Pend {
    /// A name for the requests, which the completer gets to see.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub tag: u64,
    /// Text to send along.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub payload: String,
    /// How many requests to make.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// Cancel what is left after so many seconds [default: wait for ever].
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<u32>,
}

/// Arguments of `complete`.
#[derive(Debug, clap::Args)]
pub struct Complete {
    /// Text to answer with.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub payload: String,
}

/// Arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// How to cancel.
    #[arg(long, value_enum, default_value_t = Way::CancelIoEx)]
    pub by: Way,
    /// A name for the requests.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub tag: u64,
    /// How many requests to make.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
}

/// A way to cancel requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// `CancelIoEx`, once for each request.
    CancelIoEx,
    /// `CancelIo`, for all of the calling thread.
    CancelIo,
    /// The driver's own CANCEL, for all with the tag.
    Ioctl,
    /// `CloseHandle`.
    Close,
    /// The end of the thread that made them.
    ThreadExit,
}

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Where the INF is.
    #[command(flatten)]
    pub inf: Inf,
}

/// Arguments of `selftest`.
#[derive(Debug, clap::Args)]
pub struct Selftest {
    /// Only behaviors with this in their name.
    #[arg(default_value = "")]
    pub filter: String,
    /// Do not run anything, only list the behaviors.
    #[arg(long)]
    pub list: bool,
    /// Where the INF is; without it, behaviors that install the driver are not checked.
    #[command(flatten)]
    pub inf: Inf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parsed(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_lists_the_exit_codes() {
        let help = Arguments::command().render_help().to_string();
        assert!(
            help.contains("Exit codes:") && help.contains("130"),
            "{help}"
        );
    }

    #[test]
    fn json_may_stand_anywhere() {
        assert!(parsed("csqctl --json stats").unwrap().json);
        assert!(parsed("csqctl stats --json").unwrap().json);
        assert!(!parsed("csqctl stats").unwrap().json);
    }

    #[test]
    fn pend_has_defaults_and_limits() {
        let Command::Pend(pend) = parsed("csqctl pend").unwrap().command else {
            panic!("not pend");
        };
        assert_eq!((pend.tag, pend.count, pend.wait), (0, 1, None));
        assert!(parsed("csqctl pend --count 0").is_err());
        assert!(parsed("csqctl pend --tag -1").is_err());
        assert!(parsed("csqctl pend --tag 18446744073709551615").is_ok());
    }

    #[test]
    fn ways_to_cancel_have_their_names() {
        let Command::Cancel(cancel) = parsed("csqctl cancel --by thread-exit").unwrap().command
        else {
            panic!("not cancel");
        };
        assert_eq!(cancel.by, Way::ThreadExit);
        assert!(parsed("csqctl cancel --by magic").is_err());
    }

    #[test]
    fn nonsense_exits_with_the_documented_code() {
        for line in ["csqctl", "csqctl frobnicate", "csqctl stats --color"] {
            let code = parsed(line).unwrap_err().exit_code();
            assert_eq!(code, i32::from(exit_code::USAGE), "{line}");
        }
    }
}
