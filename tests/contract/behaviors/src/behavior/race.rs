//! Races: two threads go for one request, and exactly one of them gets it (INV-52).

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Answer, Ending, Target};
use csq_protocol::status;
use csq_protocol::wire::scope;

/// The payload a completer sends.
const PAYLOAD: &[u8] = b"won";

pub(super) fn cancel_and_complete<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let (completion, canceled) = target.beside(
            || server.try_complete_next(PAYLOAD),
            || target.cancel(&request),
        );
        expect::status_of(
            "CancelIoEx",
            &[status::SUCCESS, status::NOT_FOUND],
            canceled,
        )?;
        let lost = Change {
            canceled: 1,
            ..Change::default()
        };
        settle(
            &client,
            &account,
            &completion?,
            &client.ending(&request)?,
            lost,
        )?;
    }
    Ok(())
}

pub(super) fn cancel_ioctl_and_complete<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let (completion, canceled) = target.beside(
            || server.try_complete_next(PAYLOAD),
            || client.try_cancel(scope::TAG, 1),
        );
        let completion = completion?;
        let expected = match completion.status {
            status::SUCCESS => status::NOT_FOUND,
            _ => status::SUCCESS,
        };
        expect::status("CANCEL against COMPLETE_NEXT", expected, canceled?.status)?;
        let lost = Change {
            canceled: 1,
            ..Change::default()
        };
        settle(
            &client,
            &account,
            &completion,
            &client.ending(&request)?,
            lost,
        )?;
    }
    Ok(())
}

pub(super) fn close_and_complete<T: Target>(target: &T) -> Checked {
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&server)?;
        let closing = Session::open(target)?;
        let request = closing.pend(1)?;
        let (completion, ()) =
            target.beside(|| server.try_complete_next(PAYLOAD), || closing.close());
        let lost = Change {
            flushed: 1,
            ..Change::default()
        };
        settle(
            &server,
            &account,
            &completion?,
            &server.ending(&request)?,
            lost,
        )?;
    }
    Ok(())
}

pub(super) fn two_completers<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let servers = [Session::open(target)?, Session::open(target)?];
    let [first, second] = &servers;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let (one, other) = target.beside(
            || first.try_complete_next(PAYLOAD),
            || second.try_complete_next(PAYLOAD),
        );
        let mut both = [one?.status, other?.status];
        both.sort_unstable();
        let one_each = [status::SUCCESS, status::NOT_FOUND];
        expect::equal("what two completers of one request get", one_each, both)?;
        client.ended(&request, status::SUCCESS)?;
        account.changed_by(
            &client,
            Change {
                pended: 1,
                completed: 1,
                ..Change::default()
            },
        )?;
    }
    Ok(())
}

pub(super) fn end_of_thread_and_complete<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&server)?;
        let (request, completion) =
            target.beside(|| client.pend(1), || server.try_complete_next(PAYLOAD));
        let (request, completion) = (request?, completion?);
        server.until_pending(0)?;
        let lost = Change {
            canceled: 1,
            ..Change::default()
        };
        match target.wait(&request) {
            Ending::Answer(answer) => settle(&server, &account, &completion, &answer, lost)?,
            Ending::Untold => account.changed_by(&server, winner(&completion, lost))?,
            Ending::Never => return expect::failed("the request", "to end", "no end"),
        }
    }
    Ok(())
}

/// The completer's answer, the request's end and the account must tell of the same winner.
fn settle<T: Target>(
    session: &Session<'_, T>,
    account: &Account,
    completion: &Answer,
    ended: &Answer,
    lost: Change,
) -> Checked {
    let won = completion.status == status::SUCCESS;
    if !won {
        expect::status(
            "COMPLETE_NEXT that lost",
            status::NOT_FOUND,
            completion.status,
        )?;
    }
    let (expected, payload) = if won {
        (status::SUCCESS, PAYLOAD)
    } else {
        (status::CANCELLED, &[][..])
    };
    expect::status("the request's end", expected, ended.status)?;
    expect::equal(
        "its payload",
        Some(payload),
        ended.output.get(..ended.information),
    )?;
    account.changed_by(session, winner(completion, lost))
}

/// What the account must say, given what the completer was told.
fn winner(completion: &Answer, lost: Change) -> Change {
    if completion.status == status::SUCCESS {
        Change {
            pended: 1,
            completed: 1,
            ..Change::default()
        }
    } else {
        Change { pended: 1, ..lost }
    }
}
