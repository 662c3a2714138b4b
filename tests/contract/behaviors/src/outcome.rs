//! How a body ends.

use serde::Serialize;
use std::fmt;

/// What a body and its checks return: `Err` stops the body.
pub type Checked<V = ()> = Result<V, Stop>;

/// Why a body stopped early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The driver did not do what it must.
    Failed(Failure),
    /// This host cannot show the behavior, for the reason given.
    NotOnThisTarget(String),
}

/// What was expected, and what was seen instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What was looked at.
    pub what: String,
    /// What it should have been.
    pub expected: String,
    /// What it was.
    pub seen: String,
}

impl Failure {
    /// A failure from anything that can be written down.
    pub fn new(
        what: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            expected: expected.into(),
            seen: seen.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            expected,
            seen,
        } = self;
        write!(formatter, "{what}: expected {expected}, saw {seen}")
    }
}

/// The verdict on one behavior.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "detail", rename_all = "snake_case")]
pub enum Outcome {
    /// It was shown.
    Passed,
    /// It was not what it must be.
    Failed(Failure),
    /// It was not tried, because this host cannot show it. Never counted as passed.
    NotOnThisTarget(String),
}

impl From<Checked> for Outcome {
    fn from(checked: Checked) -> Self {
        match checked {
            Ok(()) => Self::Passed,
            Err(Stop::Failed(failure)) => Self::Failed(failure),
            Err(Stop::NotOnThisTarget(reason)) => Self::NotOnThisTarget(reason),
        }
    }
}
