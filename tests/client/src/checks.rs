//! What a demonstration checks as it goes.

use serde::Serialize;
use std::fmt::Debug;

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// What it must be.
    pub expected: String,
    /// What it was.
    pub seen: String,
    /// Whether they are the same.
    pub good: bool,
}

/// All comparisons so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Checks(Vec<Check>);

impl Checks {
    /// Compares two values.
    pub fn equal<V: PartialEq + Debug>(&mut self, what: impl Into<String>, expected: &V, seen: &V) {
        self.0.push(Check {
            what: what.into(),
            expected: format!("{expected:?}"),
            seen: format!("{seen:?}"),
            good: expected == seen,
        });
    }

    /// How many there were.
    #[must_use]
    pub fn all(&self) -> usize {
        self.0.len()
    }

    /// How many found a difference.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.0.iter().filter(|check| !check.good).count()
    }

    /// Whether something was compared and no difference was found.
    #[must_use]
    pub fn are_good(&self) -> bool {
        self.all() > 0 && self.failed() == 0
    }

    /// One line for each difference; empty if there is none.
    #[must_use]
    pub fn failures(&self) -> String {
        let failed = self.0.iter().filter(|check| !check.good);
        let lines = failed.map(|check| {
            format!(
                "FAILED: {}: expected {}, saw {}\n",
                check.what, check.expected, check.seen
            )
        });
        lines.collect::<Vec<String>>().concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_counted_and_told() {
        let mut checks = Checks::default();
        assert!(!checks.are_good(), "nothing was checked");
        checks.equal("one", &1, &1);
        assert!(checks.are_good());
        assert_eq!(checks.failures(), "");
        checks.equal("two", &"x", &"y");
        assert!(!checks.are_good());
        assert_eq!((checks.failed(), checks.all()), (1, 2));
        assert_eq!(
            checks.failures(),
            "FAILED: two: expected \"x\", saw \"y\"\n"
        );
    }
}
