//! What was done, and how it ended.

use std::collections::BTreeMap;

use csq_protocol::{status, wire};
use serde::{Serialize, Serializer};

/// What a server may answer with, besides success.
pub const FAILURE: u32 = 0xc000_0001;

/// Counts, which add up over threads and lives.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    /// Requests that the driver has taken.
    pub pended: u64,
    /// How they ended, by status.
    #[serde(serialize_with = "by_name")]
    endings: BTreeMap<u32, u64>,
    /// Requests that had not ended long after their handle was closed.
    pub lost: u64,
    /// Requests and claims that were refused at a limit.
    pub refused: u64,
    /// Requests and claims for which the device was not there.
    pub turned_away: u64,
    /// Answers of servers that came in time, and those that came too late.
    pub answered: u64,
    pub too_late: u64,
    /// Handles that were closed with requests or claims.
    pub closed: u64,
    /// Accounts that were read, and those that did not balance.
    pub snapshots: u64,
    pub unbalanced: u64,
    /// Requests of the Plug and Play manager, and lives that ended because the device was pulled out.
    pub changes: u64,
    pub pulled_out: u64,
    /// What contradicts what was done, in words.
    pub contradictions: Vec<String>,
}

fn name(status: u32) -> String {
    match status::name(status) {
        Some(name) => format!("STATUS_{name}"),
        None if status == FAILURE => "STATUS_UNSUCCESSFUL".to_owned(),
        None => format!("{status:#010x}"),
    }
}

fn by_name<S: Serializer>(endings: &BTreeMap<u32, u64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(endings.iter().map(|(status, count)| (name(*status), count)))
}

impl Tally {
    /// Notes how a request has ended.
    pub fn end(&mut self, status: u32) {
        *self.endings.entry(status).or_default() += 1;
    }

    /// Notes what a request or claim was turned away with.
    pub fn turn_away(&mut self, status: u32) {
        match status {
            status::QUOTA_EXCEEDED => self.refused += 1,
            status::DEVICE_NOT_READY | status::DEVICE_REMOVED => self.turned_away += 1,
            _ => self.contradict(format!("something was refused with {}", name(status))),
        }
    }

    /// Notes what must not be. A few are enough.
    pub fn contradict(&mut self, what: String) {
        const ENOUGH: usize = 10;
        if self.contradictions.len() < ENOUGH {
            self.contradictions.push(what);
        }
    }

    /// How many requests have ended.
    pub fn ended(&self) -> u64 {
        self.endings.values().sum()
    }

    /// How many ended with each status.
    pub fn endings(&self) -> impl Iterator<Item = (String, u64)> {
        self.endings
            .iter()
            .map(|(status, count)| (name(*status), *count))
    }

    fn count(&self, statuses: &[u32]) -> u64 {
        let counts = statuses.iter().filter_map(|it| self.endings.get(it));
        counts.sum()
    }

    /// Compares with the driver's own account, when nothing is left.
    pub fn compare(&mut self, account: &wire::Statistics) {
        const COMPLETED: [u32; 3] = [status::SUCCESS, status::BUFFER_OVERFLOW, FAILURE];
        let seen = [
            self.pended,
            self.count(&COMPLETED),
            self.count(&[status::IO_TIMEOUT]),
            self.count(&[status::CANCELLED]),
            0,
            1,
        ];
        let told = [
            account.pended.get(),
            account.completed.get(),
            account.timed_out.get(),
            account.canceled.get() + account.flushed.get(),
            account.pending.get() + account.claimed.get() + account.waiting.get(),
            account.handles.get(),
        ];
        if seen != told {
            self.contradict(format!(
                "taken, completed, timed out, canceled, left, handles: seen {seen:?}, told {told:?}"
            ));
        }
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: Self) {
        for (status, count) in other.endings {
            *self.endings.entry(status).or_default() += count;
        }
        for (sum, more) in [
            (&mut self.pended, other.pended),
            (&mut self.lost, other.lost),
            (&mut self.refused, other.refused),
            (&mut self.turned_away, other.turned_away),
            (&mut self.answered, other.answered),
            (&mut self.too_late, other.too_late),
            (&mut self.closed, other.closed),
            (&mut self.snapshots, other.snapshots),
            (&mut self.unbalanced, other.unbalanced),
            (&mut self.changes, other.changes),
            (&mut self.pulled_out, other.pulled_out),
        ] {
            *sum += more;
        }
        other
            .contradictions
            .into_iter()
            .for_each(|what| self.contradict(what));
    }

    /// What is wrong, in words.
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong = self.contradictions.clone();
        if self.lost != 0 || self.ended() != self.pended {
            wrong.push(format!(
                "{} requests were taken, {} have ended, {} were waited for in vain",
                self.pended,
                self.ended(),
                self.lost
            ));
        }
        if self.unbalanced != 0 {
            wrong.push(format!("{} accounts do not balance", self.unbalanced));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_does_not_end_is_wrong() {
        let mut tally = Tally {
            pended: 2,
            ..Tally::default()
        };
        tally.end(status::SUCCESS);
        assert_eq!(tally.wrong().len(), 1);
        tally.end(status::CANCELLED);
        assert!(tally.wrong().is_empty());
        let account = |canceled: u64| wire::Statistics {
            pended: 2.into(),
            completed: 1.into(),
            canceled: canceled.into(),
            handles: 1.into(),
            ..wire::Statistics::default()
        };
        tally.compare(&account(1));
        assert!(tally.wrong().is_empty());
        tally.compare(&account(0));
        assert_eq!(tally.wrong().len(), 1);
    }
}
