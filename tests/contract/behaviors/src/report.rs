//! The result of a run.

use crate::outcome::Outcome;
use serde::Serialize;
use std::fmt;

/// The verdict on one behavior, with what the table says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name in the table.
    pub name: &'static str,
    /// What it shows.
    pub shows: &'static str,
    /// The rules it shows.
    pub rules: &'static [&'static str],
    /// The verdict.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The verdicts of a run, in the order in which they fell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One for each behavior that was chosen.
    pub entries: Vec<Entry>,
}

impl Report {
    /// How many behaviors were shown.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Passed))
    }

    /// How many were not what they must be.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// How many this host cannot show.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::NotOnThisTarget(_)))
    }

    /// Whether something was shown and nothing failed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.passed() > 0 && self.failed() == 0
    }

    fn count(&self, counts: fn(&Outcome) -> bool) -> usize {
        self.entries
            .iter()
            .filter(|entry| counts(&entry.outcome))
            .count()
    }
}

/// `N passed, N failed, N skipped`.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} passed, {} failed, {} skipped",
            self.passed(),
            self.failed(),
            self.skipped()
        )
    }
}
