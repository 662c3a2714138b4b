//! `QUERY_STATISTICS`: the account of all requests.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::status;
use csq_protocol::wire::scope;

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
    account.changed_by(&session, so_far)?;

    let timed_out = session.pend_timed(4, 1)?;
    session.ended(&timed_out, status::IO_TIMEOUT)?;
    so_far = Change {
        pended: 4,
        timed_out: 1,
        ..so_far
    };
    account.changed_by(&session, so_far)?;

    let answered = session.pend(5)?;
    let claim = session.claim()?;
    let claimed = Change {
        pended: 5,
        claimed: 1,
        ..so_far
    };
    account.changed_by(&session, claimed)?;
    session.complete(claim.id, status::SUCCESS, &[])?;
    session.ended(&answered, status::SUCCESS)?;
    so_far = Change {
        pended: 5,
        completed: 2,
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

/// What moves from pending to claimed and back is the same water.
pub(super) fn high_water_counts_the_claimed<T: Target>(target: &T) -> Checked {
    const MANY: u64 = 6;
    let session = Session::open(target)?;
    let server = Session::open(target)?;
    let before = session.statistics()?.high_water.get();
    let mut requests = session.pend_each(0..MANY)?;
    for _ in 0..MANY / 2 {
        server.claim()?;
    }
    let now = session.statistics()?.high_water.get();
    expect::equal("the high water with some claimed", before.max(MANY), now)?;
    requests.extend(session.pend_each(0..MANY)?);
    let now = session.statistics()?.high_water.get();
    expect::equal(
        "the high water with more pending",
        before.max(2 * MANY),
        now,
    )?;
    server.close();
    session.until_pending(2 * MANY)?;
    let now = session.statistics()?.high_water.get();
    expect::equal("the high water with all pending", before.max(2 * MANY), now)?;
    let count = session.cancel(scope::ALL, 0)?;
    expect::equal("CANCEL of all", 2 * MANY, count)?;
    session.all_ended(&requests, status::CANCELLED)
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

/// [`Session::statistics`] checks that each snapshot balances, also one that is taken while a
/// request moves from one queue to another.
pub(super) fn balances_while_claims_move<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let reader = Session::open(target)?;
    let account = Account::open(&client)?;
    let rounds = target.rounds();
    let work = || -> Checked {
        for _ in 0..rounds {
            let requests = client.pend_each([1, 2, 3])?;
            let leaving = Session::open(target)?;
            let server = Session::open(target)?;
            leaving.claim()?;
            let kept = server.claim()?;
            leaving.close();
            let again = server.await_claim()?;
            server.complete(kept.id, status::SUCCESS, &[])?;
            let canceled = target.cancel_handle(client.handle());
            expect::status("CancelIoEx for a handle", status::SUCCESS, canceled)?;
            server.complete_finds_nothing("a claim that was canceled", again.id)?;
            for (tag, request) in (1..).zip(&requests) {
                let completed = tag == kept.tag;
                let expected = if completed {
                    status::SUCCESS
                } else {
                    status::CANCELLED
                };
                client.ended(request, expected)?;
            }
        }
        Ok(())
    };
    let read = || -> Checked {
        for _ in 0..4 * rounds {
            reader.statistics()?;
        }
        Ok(())
    };
    // The requests are of the thread that lives on.
    let (read, worked) = target.beside(read, work);
    worked?;
    read?;
    let each = i128::try_from(rounds).unwrap_or(i128::MAX);
    account.changed_by(
        &client,
        Change {
            pended: 3 * each,
            completed: each,
            canceled: 2 * each,
            ..Change::default()
        },
    )
}
