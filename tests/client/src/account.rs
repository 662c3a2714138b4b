//! The driver's account of all requests, in a form that can be printed.

use csq_protocol::wire::Statistics;
use serde::Serialize;

/// [`Statistics`], in a form that can be printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// See [`Statistics::pended`].
    pub pended: u64,
    /// See [`Statistics::completed`].
    pub completed: u64,
    /// See [`Statistics::canceled`].
    pub canceled: u64,
    /// See [`Statistics::timed_out`].
    pub timed_out: u64,
    /// See [`Statistics::flushed`].
    pub flushed: u64,
    /// See [`Statistics::pending`].
    pub pending: u64,
    /// See [`Statistics::claimed`].
    pub claimed: u64,
    /// See [`Statistics::high_water`].
    pub high_water: u64,
    /// See [`Statistics::handles`].
    pub handles: u64,
    /// See [`Statistics::refused`].
    pub refused: u64,
    /// See [`Statistics::waiting`].
    pub waiting: u64,
    /// See [`Statistics::balances`].
    pub balances: bool,
}

impl From<&Statistics> for Account {
    fn from(statistics: &Statistics) -> Self {
        Self {
            pended: statistics.pended.get(),
            completed: statistics.completed.get(),
            canceled: statistics.canceled.get(),
            timed_out: statistics.timed_out.get(),
            flushed: statistics.flushed.get(),
            pending: statistics.pending.get(),
            claimed: statistics.claimed.get(),
            high_water: statistics.high_water.get(),
            handles: statistics.handles.get(),
            refused: statistics.refused.get(),
            waiting: statistics.waiting.get(),
            balances: statistics.balances(),
        }
    }
}

impl Account {
    /// One line for each count.
    #[must_use]
    pub fn lines(&self) -> String {
        let rows = [
            ("taken ever", self.pended),
            ("completed by a server", self.completed),
            ("canceled", self.canceled),
            ("timed out", self.timed_out),
            ("flushed with their handle or device", self.flushed),
            ("pending now", self.pending),
            ("with a server now", self.claimed),
        ];
        let mut lines: Vec<String> = rows
            .iter()
            .map(|(what, count)| format!("{count:>10}  {what}"))
            .collect();
        let balance = if self.balances {
            "the account balances"
        } else {
            "THE ACCOUNT DOES NOT BALANCE"
        };
        lines.push(format!("{:12}{balance}", ""));
        lines.push(format!(
            "{:>10}  pending and with servers at most",
            self.high_water
        ));
        lines.push(format!("{:>10}  claims that wait", self.waiting));
        lines.push(format!("{:>10}  refused for the limits", self.refused));
        lines.push(format!(
            "{:>10}  handles open, this one included",
            self.handles
        ));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_says_when_it_does_not_balance() {
        let good = Account::from(&Statistics::default());
        assert!(good.balances && good.lines().contains("the account balances"));
        let bad = Account::from(&Statistics {
            pended: 1.into(),
            ..Statistics::default()
        });
        assert!(!bad.balances && bad.lines().contains("DOES NOT"));
    }

    #[test]
    fn an_account_has_every_count_in_json() {
        let json = serde_json::to_value(Account::default()).unwrap();
        assert_eq!(json.as_object().unwrap().len(), 12);
    }
}
