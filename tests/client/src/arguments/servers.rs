//! Arguments of the commands that answer requests.

use crate::ntstatus;
use csq_protocol::status;
use std::path::PathBuf;

/// How a request is answered.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Reply {
    /// The NTSTATUS it ends with: a name, such as `CANCELLED`, or a number, such as 0xC0000001.
    #[arg(long, value_name = "STATUS", value_parser = ntstatus::parse)]
    pub status: Option<u32>,
    /// Text to answer with. An error has none.
    #[arg(long, value_name = "TEXT")]
    pub payload: Option<String>,
}

impl Reply {
    /// Looks whether the driver would take it.
    ///
    /// # Errors
    /// What it would refuse.
    pub fn check(&self) -> Result<(), ReplyError> {
        let (status, length) = (self.status(), self.payload().len());
        if status::NO_ENDING.contains(&status) {
            Err(ReplyError::NoEnding { status })
        } else if status::is_error(status) && length > 0 {
            Err(ReplyError::ErrorWithPayload { status })
        } else if length > csq_protocol::MAX_PAYLOAD as usize {
            Err(ReplyError::Long { length })
        } else {
            Ok(())
        }
    }

    /// Whether anything was said about it.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        self.status.is_some() || self.payload.is_some()
    }

    /// The status; success if none was given.
    #[must_use]
    pub const fn status(&self) -> u32 {
        match self.status {
            Some(status) => status,
            None => status::SUCCESS,
        }
    }

    /// The payload; empty if none was given.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.payload.as_deref().unwrap_or_default().as_bytes()
    }
}

/// Why the driver would refuse an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The status is not one that a request can end with.
    #[error("no request can end with {}: choose another --status", ntstatus::name(*.status))]
    NoEnding {
        /// The status.
        status: u32,
    },
    /// Windows gives a program no output with an error.
    #[error(
        "{} is an error, and a request that ends in an error has no payload: leave --payload out, or choose \
         another --status",
        ntstatus::name(*.status)
    )]
    ErrorWithPayload {
        /// The status.
        status: u32,
    },
    /// The payload is longer than the protocol allows.
    #[error(
        "a payload has at most {} bytes, and this one has {length}",
        csq_protocol::MAX_PAYLOAD
    )]
    Long {
        /// How many bytes it has.
        length: usize,
    },
}

/// Arguments of `complete`.
#[derive(Debug, clap::Args)]
pub struct Complete {
    /// The id of the request, as `claim` shows it [default: the oldest].
    #[arg(value_name = "ID", value_parser = id)]
    pub id: Option<u64>,
    /// How.
    #[command(flatten)]
    pub reply: Reply,
}

/// Arguments of `claim`.
#[derive(Debug, clap::Args)]
pub struct Claim {
    /// Wait for a request if none is pending.
    #[arg(long)]
    pub wait: bool,
    /// How many requests to claim.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// Give them back after so many seconds [default: at Ctrl-C].
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["status", "payload"])]
    pub hold: Option<u32>,
    /// Answer them, rather than give them back.
    #[command(flatten)]
    pub reply: Reply,
}

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// End after so many requests [default: at Ctrl-C].
    #[arg(long, value_name = "NUMBER")]
    pub count: Option<u64>,
    /// Milliseconds to work on each request before it is answered.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub delay: u64,
    /// How many claims wait at the driver at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub depth: u32,
    /// A program to run for each request: it reads the payload from its standard input, and what it
    /// prints is the answer. If it fails the request ends in an error.
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["status", "payload"])]
    pub exec: Option<PathBuf>,
    /// How each request is answered [default: with its own payload].
    #[command(flatten)]
    pub reply: Reply,
}

/// An id, in decimal or as 0x and digits.
fn id(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|error| error.to_string())
}
