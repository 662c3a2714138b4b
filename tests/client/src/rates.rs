//! How fast the driver's account changes, as rows of a table.

use crate::account::Account;
use serde::Serialize;
use std::time::Duration;

/// After how many rows the heading is due again.
pub const ROWS_PER_HEADING: u64 = 20;

/// Changes of the account, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rates {
    /// Of [`Account::pended`].
    pub pended: f64,
    /// Of [`Account::completed`].
    pub completed: f64,
    /// Of [`Account::canceled`].
    pub canceled: f64,
    /// Of [`Account::timed_out`].
    pub timed_out: f64,
    /// Of [`Account::flushed`].
    pub flushed: f64,
    /// Of [`Account::refused`].
    pub refused: f64,
}

impl Rates {
    /// What changed from `before` to `after` in some time.
    #[must_use]
    pub fn between(before: &Account, after: &Account, time: Duration) -> Self {
        let per_second = |count: fn(&Account) -> u64| {
            // A new driver counts from zero again.
            let change = count(after).saturating_sub(count(before));
            #[expect(
                clippy::cast_precision_loss,
                reason = "counts of requests, shown with no decimals"
            )]
            let rate = change as f64 / time.as_secs_f64().max(1e-3);
            rate.round()
        };
        Self {
            pended: per_second(|account| account.pended),
            completed: per_second(|account| account.completed),
            canceled: per_second(|account| account.canceled),
            timed_out: per_second(|account| account.timed_out),
            flushed: per_second(|account| account.flushed),
            refused: per_second(|account| account.refused),
        }
    }

    /// A row of the table: what there is now, then these rates.
    #[must_use]
    pub fn row(&self, now: &Account) -> String {
        let balance = if now.balances { "" } else { "  OUT OF BALANCE" };
        format!(
            "{:>8} {:>8} {:>8} {:>8} | {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}{balance}",
            now.pending,
            now.claimed,
            now.waiting,
            now.handles,
            self.pended,
            self.completed,
            self.canceled,
            self.timed_out,
            self.flushed,
            self.refused
        )
    }
}

/// The two lines above the rows.
#[must_use]
pub fn heading() -> String {
    format!(
        "{:-^35} | {:-^59}\n{:>8} {:>8} {:>8} {:>8} | {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        " now ",
        " per second ",
        "pending",
        "claimed",
        "waiting",
        "handles",
        "pended",
        "completed",
        "canceled",
        "timed out",
        "flushed",
        "refused"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_per_second() {
        let before = Account {
            pended: 10,
            ..Account::default()
        };
        let after = Account {
            pended: 30,
            canceled: 1,
            ..Account::default()
        };
        let rates = Rates::between(&before, &after, Duration::from_millis(500));
        let expected = Rates {
            pended: 40.0,
            canceled: 2.0,
            ..Rates::default()
        };
        assert_eq!(rates, expected);
        let restarted = Rates::between(&after, &before, Duration::ZERO);
        assert_eq!(restarted, Rates::default());
    }

    #[test]
    fn rows_are_as_wide_as_their_heading() {
        let good = Account {
            balances: true,
            ..Account::default()
        };
        let row = Rates::default().row(&good);
        for line in heading().lines() {
            assert_eq!(line.len(), row.len());
        }
        assert!(
            Rates::default()
                .row(&Account::default())
                .ends_with("OUT OF BALANCE")
        );
    }
}
