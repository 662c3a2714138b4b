//! `QUERY_STATISTICS`: the account of all requests.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::status;

pub(super) fn each_end_has_its_count<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let closing = Session::open(target)?;
    let account = Account::open(&session)?;
    let completed = session.pend(1)?;
    session.complete_next(&[])?;
    session.ended(&completed, status::SUCCESS)?;
    let mut so_far = Change {
        pended: 1,
        completed: 1,
        ..Change::default()
    };
    account.changed_by(&session, so_far)?;

    let canceled = session.pend(2)?;
    expect::status("CancelIoEx", status::SUCCESS, target.cancel(&canceled))?;
    session.ended(&canceled, status::CANCELLED)?;
    so_far = Change {
        pended: 2,
        canceled: 1,
        ..so_far
    };
    account.changed_by(&session, so_far)?;

    let flushed = closing.pend(3)?;
    closing.close();
    session.ended(&flushed, status::CANCELLED)?;
    so_far = Change {
        pended: 3,
        flushed: 1,
        ..so_far
    };
    account.changed_by(&session, so_far)
}

pub(super) fn asking_changes_nothing<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let request = session.pend(1)?;
    let account = Account::open(&session)?;
    expect::equal("requests pending", 1, session.statistics()?.pending.get())?;
    for _ in 0..3 {
        account.unchanged("asking for it", &session)?;
    }
    session.complete_next(&[])?;
    session.ended(&request, status::SUCCESS)?;
    Ok(())
}

pub(super) fn high_water_rises_and_stays<T: Target>(target: &T) -> Checked {
    const MANY: u64 = 6;
    let session = Session::open(target)?;
    let before = session.statistics()?.high_water.get();
    let requests = session.pend_each(0..MANY)?;
    let at_most = session.statistics()?.high_water.get();
    expect::equal(
        "the high water with them pending",
        before.max(MANY),
        at_most,
    )?;
    for _ in &requests {
        session.complete_next(&[])?;
    }
    session.all_ended(&requests, status::SUCCESS)?;
    let after = session.statistics()?.high_water.get();
    expect::equal("the high water when they have ended", at_most, after)
}

/// [`Session::statistics`] checks that each snapshot balances.
pub(super) fn balances_at_every_instant<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let reader = Session::open(target)?;
    let account = Account::open(&session)?;
    let rounds = target.rounds();
    let work = || -> Checked {
        for _ in 0..rounds {
            let completed = session.pend(1)?;
            let canceled = session.pend(2)?;
            session.complete_next(&[])?;
            expect::status("CancelIoEx", status::SUCCESS, target.cancel(&canceled))?;
            session.ended(&completed, status::SUCCESS)?;
            session.ended(&canceled, status::CANCELLED)?;
        }
        Ok(())
    };
    let read = || -> Checked {
        for _ in 0..rounds {
            reader.statistics()?;
        }
        Ok(())
    };
    let (worked, read) = target.beside(work, read);
    worked?;
    read?;
    let each = i128::try_from(rounds).unwrap_or(i128::MAX);
    account.changed_by(
        &session,
        Change {
            pended: 2 * each,
            completed: each,
            canceled: each,
            ..Change::default()
        },
    )
}
