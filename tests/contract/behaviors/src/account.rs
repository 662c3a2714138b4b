//! What the driver's account says happened between two moments.

use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::wire::Statistics;

/// By how much each count has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Change of [`Statistics::pended`].
    pub pended: i128,
    /// Change of [`Statistics::completed`].
    pub completed: i128,
    /// Change of [`Statistics::canceled`].
    pub canceled: i128,
    /// Change of [`Statistics::timed_out`].
    pub timed_out: i128,
    /// Change of [`Statistics::flushed`].
    pub flushed: i128,
    /// Change of [`Statistics::pending`].
    pub pending: i128,
    /// Change of [`Statistics::claimed`].
    pub claimed: i128,
    /// Change of [`Statistics::refused`].
    pub refused: i128,
    /// Change of [`Statistics::waiting`].
    pub waiting: i128,
}

impl Change {
    /// Nothing has changed.
    pub const NONE: Self = Self {
        pended: 0,
        completed: 0,
        canceled: 0,
        timed_out: 0,
        flushed: 0,
        pending: 0,
        claimed: 0,
        refused: 0,
        waiting: 0,
    };

    /// What changed from `before` to `after`.
    #[must_use]
    pub fn between(before: &Statistics, after: &Statistics) -> Self {
        let by =
            |count: fn(&Statistics) -> u64| i128::from(count(after)) - i128::from(count(before));
        Self {
            pended: by(|s| s.pended.get()),
            completed: by(|s| s.completed.get()),
            canceled: by(|s| s.canceled.get()),
            timed_out: by(|s| s.timed_out.get()),
            flushed: by(|s| s.flushed.get()),
            pending: by(|s| s.pending.get()),
            claimed: by(|s| s.claimed.get()),
            refused: by(|s| s.refused.get()),
            waiting: by(|s| s.waiting.get()),
        }
    }
}

/// The account as it stood at one moment, to compare with later.
pub struct Account {
    before: Statistics,
}

impl Account {
    /// Notes the account as it stands.
    ///
    /// # Errors
    /// It cannot be read or does not balance.
    pub fn open<T: Target>(session: &Session<'_, T>) -> Checked<Self> {
        Ok(Self {
            before: session.statistics()?,
        })
    }

    /// The account as it stood.
    #[must_use]
    pub const fn before(&self) -> &Statistics {
        &self.before
    }

    /// Exactly this must have happened since.
    ///
    /// # Errors
    /// Something else has.
    pub fn changed_by<T: Target>(&self, session: &Session<'_, T>, expected: Change) -> Checked {
        let after = session.statistics()?;
        let seen = Change::between(&self.before, &after);
        expect::equal("what the account says happened", expected, seen)
    }

    /// Everything pended since must have ended since. That the account says so of each is checked
    /// with every snapshot, which balances.
    ///
    /// # Errors
    /// Something has not.
    pub fn settled<T: Target>(&self, session: &Session<'_, T>) -> Checked {
        let Change {
            pending,
            claimed,
            waiting,
            ..
        } = Change::between(&self.before, &session.statistics()?);
        let what = "requests pending and claimed, and claims waiting, more than before";
        expect::equal(what, (0, 0, 0), (pending, claimed, waiting))
    }

    /// Nothing at all may have changed since, handles and high water included.
    ///
    /// # Errors
    /// Something has.
    pub fn unchanged<T: Target>(&self, what: &str, session: &Session<'_, T>) -> Checked {
        let after = session.statistics()?;
        expect::equal(&format!("the account after {what}"), self.before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_a_sign_for_each_count() {
        let before = Statistics {
            pended: 3.into(),
            pending: 3.into(),
            ..Statistics::default()
        };
        let after = Statistics {
            pended: 4.into(),
            completed: 2.into(),
            pending: 2.into(),
            ..Statistics::default()
        };
        let expected = Change {
            pended: 1,
            completed: 2,
            pending: -1,
            ..Change::default()
        };
        assert_eq!(Change::between(&before, &after), expected);
    }
}
