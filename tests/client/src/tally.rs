//! What the threads of a stress run say happened, to be compared with the driver's account.

use crate::checks::Checks;
use crate::ntstatus;
use behaviors::account::Change;
use csq_protocol::status;
use serde::Serialize;

/// The error with which servers end some requests, so that nobody else's error is taken for it. Its
/// customer bit is set.
pub const FAILURE: u32 = 0xe000_0001;

/// Counts of one thread, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Requests the driver took.
    pub pended: u64,
    /// Of those, ended by a server.
    pub completed: u64,
    /// Of those, canceled or flushed.
    pub canceled: u64,
    /// Of those, ended by their timeout.
    pub timed_out: u64,
    /// Of those, ended in a status that none of the above gives, or in none.
    pub unexpected: Vec<String>,
    /// Requests and claims turned away at a limit.
    pub refused: u64,
    /// Requests that servers ended.
    pub answered: u64,
    /// Requests that servers wanted to end, and that had ended.
    pub gone: u64,
    /// Handles that were closed with something pending, claimed or waiting.
    pub closed: u64,
    /// Child processes that were killed.
    pub killed: u64,
    /// Requests of child processes.
    pub of_children: u64,
    /// Snapshots of the driver's account that were looked at.
    pub snapshots: u64,
    /// Those that did not balance.
    pub unbalanced: u64,
}

impl Tally {
    /// Counts the end of a request of this program's own.
    pub fn ended(&mut self, status: Option<u32>) {
        match status {
            Some(status::SUCCESS | status::BUFFER_OVERFLOW | FAILURE) => self.completed += 1,
            Some(status::CANCELLED) => self.canceled += 1,
            Some(status::IO_TIMEOUT) => self.timed_out += 1,
            Some(other) => self.unexpected.push(ntstatus::name(other)),
            None => self
                .unexpected
                .push("no end, or none that was told".to_owned()),
        }
    }

    /// Adds the counts of another thread.
    pub fn add(&mut self, other: Self) {
        self.pended += other.pended;
        self.completed += other.completed;
        self.canceled += other.canceled;
        self.timed_out += other.timed_out;
        self.unexpected.extend(other.unexpected);
        self.refused += other.refused;
        self.answered += other.answered;
        self.gone += other.gone;
        self.closed += other.closed;
        self.killed += other.killed;
        self.of_children += other.of_children;
        self.snapshots += other.snapshots;
        self.unbalanced += other.unbalanced;
    }

    /// Compares with what the driver says happened, when nothing is left of it.
    ///
    /// How the requests of killed processes ended nobody has seen; but all of them must have, and
    /// what servers answered beyond this program's own were theirs.
    #[must_use]
    pub fn compare(&self, driver: &Change) -> Checks {
        let count = |count: u64| i128::from(count);
        let mut checks = Checks::default();
        let pended = count(self.pended) + count(self.of_children);
        checks.equal("requests taken", &pended, &driver.pended);
        let answered = count(self.answered);
        checks.equal("requests completed", &answered, &driver.completed);
        checks.equal(
            "requests timed out",
            &count(self.timed_out),
            &driver.timed_out,
        );
        checks.equal("refused at a limit", &count(self.refused), &driver.refused);
        let answered_to_children = answered - count(self.completed);
        let possible = (0..=count(self.of_children)).contains(&answered_to_children);
        checks.equal(
            "whether the answers went to clients and to children",
            &true,
            &possible,
        );
        let canceled = count(self.canceled) + count(self.of_children) - answered_to_children;
        let ended = driver.canceled + driver.flushed;
        checks.equal("requests canceled or flushed", &canceled, &ended);
        let left = (driver.pending, driver.claimed, driver.waiting);
        checks.equal("pending, claimed and waiting in the end", &(0, 0, 0), &left);
        checks.equal(
            "ends that nobody ordered",
            &Vec::<String>::new(),
            &self.unexpected,
        );
        checks.equal("snapshots out of balance", &0, &self.unbalanced);
        checks.equal("whether anything was done", &true, &(self.completed > 0));
        checks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally() -> Tally {
        let mut tally = Tally {
            pended: 6,
            answered: 4,
            of_children: 3,
            refused: 2,
            ..Tally::default()
        };
        for status in [status::SUCCESS, status::BUFFER_OVERFLOW, FAILURE] {
            tally.ended(Some(status));
        }
        tally.ended(Some(status::CANCELLED));
        tally.ended(Some(status::CANCELLED));
        tally.ended(Some(status::IO_TIMEOUT));
        tally
    }

    /// Six of its own; of the children's three, one was answered.
    fn driver() -> Change {
        Change {
            pended: 9,
            completed: 4,
            canceled: 3,
            timed_out: 1,
            flushed: 1,
            refused: 2,
            ..Change::default()
        }
    }

    #[test]
    fn accounts_that_agree_are_good() {
        let checks = tally().compare(&driver());
        assert!(checks.are_good(), "{}", checks.failures());
    }

    #[test]
    fn every_difference_is_noticed() {
        let wrong: [fn(&mut Change); 9] = [
            |change| change.pended += 1,
            |change| change.completed -= 1,
            |change| change.canceled += 1,
            |change| change.flushed -= 1,
            |change| change.timed_out += 1,
            |change| change.refused += 1,
            |change| change.pending += 1,
            |change| change.claimed -= 1,
            |change| change.waiting += 1,
        ];
        for change in wrong {
            let mut driver = driver();
            change(&mut driver);
            assert!(!tally().compare(&driver).are_good(), "{driver:?}");
        }
    }

    #[test]
    fn a_strange_end_is_noticed() {
        for status in [Some(status::DEVICE_REMOVED), Some(0xc000_0001), None] {
            let mut tally = tally();
            tally.pended += 1;
            tally.ended(status);
            let mut driver = driver();
            driver.pended += 1;
            driver.canceled += 1;
            assert!(!tally.compare(&driver).are_good());
        }
    }

    #[test]
    fn nothing_done_is_not_good() {
        assert!(!Tally::default().compare(&Change::default()).are_good());
    }

    #[test]
    fn tallies_add_up() {
        let mut sum = tally();
        sum.add(tally());
        let twice = (sum.pended, sum.completed, sum.canceled, sum.of_children);
        assert_eq!(twice, (12, 6, 4, 6));
    }
}
