//! Why a command failed: a sentence that says what to do, and an exit code.

use crate::arguments::ReplyError;
use crate::text::counted;
use crate::{exit_code, ntstatus, problem};
use behaviors::runner::RunError;
use std::io;
use std::path::PathBuf;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no device.
    #[error("no csq device: install the driver with `csqctl install`")]
    Absent,
    /// There is no device to remove.
    #[error("there is no csq device: nothing to remove")]
    NothingToRemove,
    /// The device may not be opened, or the machine's configuration not be changed.
    #[error("access denied: {what} is for administrators; run this as one")]
    Denied {
        /// What was tried.
        what: &'static str,
    },
    /// There is a device node, but no device interface.
    #[error(
        "there is a csq device, but it has not started: {}; `csqctl uninstall` removes it",
        problem::sentence(*.problem)
    )]
    NotStarted {
        /// Its problem code, `CM_PROB_*`; 0 if it has none.
        problem: u32,
    },
    /// Driver and program are of different ages.
    #[error(
        "the driver speaks version {driver} of the protocol and this program version {program}: \
         install the driver that came with this program"
    )]
    WrongVersion {
        /// The driver's.
        driver: u32,
        /// This program's.
        program: u32,
    },
    /// The driver refused a request or ended it in an error.
    #[error("{what}: {}", ntstatus::sentence(*.status))]
    Refused {
        /// What was asked of it.
        what: String,
        /// How it ended.
        status: u32,
    },
    /// A request that was pending was ended in an error, by a server or because it was canceled.
    #[error("{what}: {}", ntstatus::ending(*.status))]
    Ended {
        /// Which request.
        what: String,
        /// How it ended.
        status: u32,
    },
    /// An answer that the driver would refuse.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// The program that is to answer requests does not start.
    #[error("cannot start {}: {source}; the request is pending again", .program.display())]
    NoProgram {
        /// The program.
        program: PathBuf,
        /// What Windows said.
        source: io::Error,
    },
    /// The driver's answer is not what the protocol says.
    #[error("{what}: the driver answered with {length} bytes, which the protocol does not allow")]
    Malformed {
        /// What was asked of it.
        what: String,
        /// How long the answer was.
        length: usize,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {seconds} seconds")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// For how long.
        seconds: u64,
    },
    /// Somebody else is using the device.
    #[error(
        "another program is using the csq device ({} and {} pending), and this command would \
         disturb it: close that program first",
        counted(*.handles, "open handle"),
        counted(*.pending, "request")
    )]
    InUse {
        /// Handles that are not this program's.
        handles: u64,
        /// Requests that are not this program's.
        pending: u64,
    },
    /// There is no INF where one was looked for.
    #[error("there is no INF at {}: give its place with --inf", .path.display())]
    NoInf {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The INF is there, but not the driver.
    #[error("there is no driver at {}: the INF expects it beside itself", .path.display())]
    NoDriver {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The driver could not be installed or removed.
    #[error("{what} failed: {why}")]
    Install {
        /// What was tried.
        what: &'static str,
        /// What happened instead.
        why: String,
    },
    /// Windows wants to restart first.
    #[error("{what}, but only after a restart of the machine")]
    RestartNeeded {
        /// What will be so then.
        what: &'static str,
    },
    /// Interrupted.
    #[error("interrupted: the requests that were still pending have been canceled")]
    Interrupted,
    /// There is no request that a server could have.
    #[error("{what}: nothing is pending; clients leave requests, as `csqctl pend` does")]
    NothingPending {
        /// What was asked of the driver.
        what: &'static str,
    },
    /// A request that was to be answered is not there, or not any more.
    #[error("no request with id {id:#x} is pending")]
    NoSuchRequest {
        /// The id.
        id: u64,
    },
    /// `demo`, `stress` or `selftest` saw something wrong.
    #[error("{failed} of {all} checks failed")]
    ChecksFailed {
        /// How many failed.
        failed: usize,
        /// How many there were.
        all: usize,
    },
    /// `selftest` ran, but this host could show none of what was chosen.
    #[error("none of the chosen behaviors can be checked on this host")]
    NothingChecked,
    /// `selftest` could not be run to its end.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Windows refused something else.
    #[error("{what} failed: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What Windows said.
        source: io::Error,
    },
}

impl Error {
    /// The exit code that says the same.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Absent | Self::NothingToRemove => exit_code::ABSENT,
            Self::Denied { .. } => exit_code::DENIED,
            Self::NotStarted { .. } => exit_code::NOT_STARTED,
            Self::WrongVersion { .. } => exit_code::WRONG_VERSION,
            Self::Refused { .. }
            | Self::Ended { .. }
            | Self::Malformed { .. }
            | Self::NothingPending { .. }
            | Self::NoSuchRequest { .. } => exit_code::REFUSED,
            Self::TimedOut { .. } => exit_code::TIMED_OUT,
            Self::InUse { .. } | Self::Run(RunError::NotIdle { .. }) => exit_code::IN_USE,
            Self::NoInf { .. }
            | Self::NoDriver { .. }
            | Self::Reply(_)
            | Self::NoProgram { .. }
            | Self::Run(RunError::NothingChosen { .. }) => exit_code::USAGE,
            Self::Install { .. } => exit_code::INSTALL_FAILED,
            Self::RestartNeeded { .. } => exit_code::RESTART_NEEDED,
            Self::Interrupted => exit_code::INTERRUPTED,
            Self::ChecksFailed { .. } | Self::NothingChecked => exit_code::CHECK_FAILED,
            Self::System { .. } => exit_code::SYSTEM,
        }
    }

    /// An error of Windows.
    #[must_use]
    pub const fn system(what: &'static str, source: io::Error) -> Self {
        Self::System { what, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use csq_protocol::status;

    #[test]
    fn sentences_say_what_to_do() {
        let absent = Error::Absent.to_string();
        assert!(absent.contains("csqctl install"), "{absent}");
        let denied = Error::Denied {
            what: "the csq device",
        }
        .to_string();
        assert!(denied.contains("administrator"), "{denied}");
        let not_started = Error::NotStarted { problem: 52 }.to_string();
        assert!(not_started.contains("sign"), "{not_started}");
        let versions = Error::WrongVersion {
            driver: 2,
            program: 1,
        }
        .to_string();
        assert!(
            versions.contains("version 2") && versions.contains("version 1"),
            "{versions}"
        );
    }

    #[test]
    fn somebody_else_is_counted() {
        let in_use = Error::InUse {
            handles: 1,
            pending: 2,
        }
        .to_string();
        assert!(
            in_use.contains("(1 open handle and 2 requests pending)"),
            "{in_use}"
        );
    }

    #[test]
    fn a_refusal_names_its_status() {
        let refused = Error::Refused {
            what: "completing a request".into(),
            status: status::NOT_FOUND,
        };
        assert_eq!(
            refused.to_string(),
            "completing a request: there is no such request (STATUS_NOT_FOUND)"
        );
        assert_eq!(refused.exit_code(), exit_code::REFUSED);
    }

    #[test]
    fn who_is_refused_is_told_apart() {
        let ended = |status| {
            let what = "request 1 of 1".into();
            Error::Ended { what, status }.to_string()
        };
        assert_eq!(
            ended(status::ACCESS_DENIED),
            "request 1 of 1: a server ended it with STATUS_ACCESS_DENIED"
        );
        assert_eq!(
            ended(status::CANCELLED),
            "request 1 of 1: the request was canceled (STATUS_CANCELLED)"
        );
    }

    #[test]
    fn nothing_to_remove_does_not_ask_for_an_installation() {
        let error = Error::NothingToRemove;
        assert!(!error.to_string().contains("install"), "{error}");
        assert_eq!(error.exit_code(), exit_code::ABSENT);
    }

    #[test]
    fn no_error_exits_as_if_all_were_well() {
        assert_ne!(
            Error::ChecksFailed { failed: 1, all: 2 }.exit_code(),
            exit_code::DONE
        );
        assert_ne!(Error::Interrupted.exit_code(), exit_code::DONE);
    }
}
