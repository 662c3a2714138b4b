//! Cancellation: by `CancelIoEx`, `CancelIo`, the end of a thread, and `CANCEL`.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Ending, Target};
use csq_protocol::status;
use csq_protocol::wire::scope;

pub(super) fn one_of_many<T: Target>(target: &T) -> Checked {
    const MANY: u64 = 5;
    let session = Session::open(target)?;
    for chosen in 0..MANY {
        let account = Account::open(&session)?;
        let requests = session.pend_each(0..MANY)?;
        for (tag, request) in (0..).zip(&requests) {
            if tag == chosen {
                expect::status("CancelIoEx", status::SUCCESS, target.cancel(request))?;
                session.ended(request, status::CANCELLED)?;
            }
        }
        let rest = i128::from(MANY) - 1;
        let one_less = Change {
            pended: MANY.into(),
            canceled: 1,
            pending: rest,
            ..Change::default()
        };
        account.changed_by(&session, one_less)?;
        for (tag, request) in (0..).zip(&requests) {
            if tag != chosen {
                session.still_pending("a neighbour of the canceled request", request)?;
                let completed = session.complete_next(&[])?;
                expect::equal("the order of the others", tag, completed.tag.get())?;
                session.ended(request, status::SUCCESS)?;
            }
        }
    }
    Ok(())
}

pub(super) fn finished_is_not_found<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let completed = session.pend(1)?;
    session.complete_next(b"done")?;
    session.ended(&completed, status::SUCCESS)?;
    let canceled = session.pend(2)?;
    expect::status("CancelIoEx", status::SUCCESS, target.cancel(&canceled))?;
    session.ended(&canceled, status::CANCELLED)?;

    let account = Account::open(&session)?;
    let again = target.cancel(&completed);
    expect::status(
        "CancelIoEx on a completed request",
        status::NOT_FOUND,
        again,
    )?;
    let again = target.cancel(&canceled);
    expect::status("CancelIoEx on a canceled request", status::NOT_FOUND, again)?;
    session.ended(&completed, status::SUCCESS)?;
    session.ended(&canceled, status::CANCELLED)?;
    account.unchanged("canceling what has ended", &session)
}

pub(super) fn all_of_a_handle<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let other = Session::open(target)?;
    let account = Account::open(&session)?;
    let requests = session.pend_each(0..4)?;
    let others = other.pend_each(10..12)?;
    let canceled = target.cancel_handle(session.handle());
    expect::status("CancelIoEx for a handle", status::SUCCESS, canceled)?;
    session.all_ended(&requests, status::CANCELLED)?;
    for request in &others {
        session.still_pending("a request of another handle", request)?;
    }
    account.changed_by(
        &session,
        Change {
            pended: 6,
            canceled: 4,
            pending: 2,
            ..Change::default()
        },
    )?;
    expect::equal("CANCEL of the others", 2, other.cancel(scope::ALL, 0)?)?;
    session.all_ended(&others, status::CANCELLED)
}

pub(super) fn from_another_thread<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let request = session.pend(1)?;
    let canceled = target.on_thread(|| target.cancel(&request));
    expect::status("CancelIoEx from another thread", status::SUCCESS, canceled)?;
    session.ended(&request, status::CANCELLED)?;
    Ok(())
}

pub(super) fn calling_thread_only<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let other_handle = Session::open(target)?;
    let mine = session.pend(1)?;
    target.on_thread(|| -> Checked {
        let account = Account::open(&session)?;
        let theirs = session.pend_each(2..5)?;
        let elsewhere = other_handle.pend(9)?;
        let canceled = target.cancel_thread(session.handle());
        expect::status("CancelIo", status::SUCCESS, canceled)?;
        session.all_ended(&theirs, status::CANCELLED)?;
        session.still_pending("a request of the thread's on another handle", &elsewhere)?;
        account.changed_by(
            &session,
            Change {
                pended: 4,
                canceled: 3,
                pending: 1,
                ..Change::default()
            },
        )?;
        expect::status("CancelIoEx", status::SUCCESS, target.cancel(&elsewhere))?;
        session.ended(&elsewhere, status::CANCELLED)?;
        Ok(())
    })?;
    session.still_pending("a request of another thread", &mine)?;
    let completed = session.complete_next(&[])?;
    expect::equal("the tag of the request left", 1, completed.tag.get())?;
    session.ended(&mine, status::SUCCESS)?;
    Ok(())
}

pub(super) fn end_of_thread<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let mine = session.pend(1)?;
    let theirs = target.on_thread(|| session.pend_each(2..6))?;
    session.until_pending(1)?;
    for request in &theirs {
        match target.wait(request) {
            Ending::Answer(answer) => {
                expect::status(
                    "a request of a thread that ended",
                    status::CANCELLED,
                    answer.status,
                )?;
            }
            // What the account says below has to do then.
            Ending::Untold => {}
            Ending::Never => {
                return expect::failed("a request of a thread that ended", "to end", "no end");
            }
        }
    }
    session.still_pending("a request of a thread that lives", &mine)?;
    account.changed_by(
        &session,
        Change {
            pended: 5,
            canceled: 4,
            pending: 1,
            ..Change::default()
        },
    )?;
    session.complete_next(&[])?;
    session.ended(&mine, status::SUCCESS)?;
    Ok(())
}

pub(super) fn own_by_tag<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let requests = session.pend_each([7, 8, 7, 9, 7])?;
    expect::equal("CANCEL of tag 7", 3, session.cancel(scope::TAG, 7)?)?;
    expect::equal("CANCEL of tag 8", 1, session.cancel(scope::TAG, 8)?)?;
    for (index, request) in requests.iter().enumerate() {
        if index == 3 {
            session.still_pending("the request with tag 9", request)?;
        } else {
            session.ended(request, status::CANCELLED)?;
        }
    }
    account.changed_by(
        &session,
        Change {
            pended: 5,
            canceled: 4,
            pending: 1,
            ..Change::default()
        },
    )?;
    expect::equal("CANCEL of tag 9", 1, session.cancel(scope::TAG, 9)?)?;
    session.all_ended(requests.get(3), status::CANCELLED)
}

pub(super) fn own_all<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let requests = session.pend_each(0..5)?;
    expect::equal("CANCEL of all", 5, session.cancel(scope::ALL, 0)?)?;
    session.all_ended(&requests, status::CANCELLED)?;
    account.changed_by(
        &session,
        Change {
            pended: 5,
            canceled: 5,
            ..Change::default()
        },
    )
}

/// The driver cancels some at a time, with its lock free between.
pub(super) fn more_than_in_one_hold<T: Target>(target: &T) -> Checked {
    const HALF: u64 = 100;
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let requests = session.pend_each((0..2 * HALF).map(|number| number % 2))?;
    expect::equal("CANCEL of a tag", HALF, session.cancel(scope::TAG, 1)?)?;
    for (request, ends) in requests.iter().zip([false, true].into_iter().cycle()) {
        if ends {
            session.ended(request, status::CANCELLED)?;
        } else {
            session.still_pending("a request with another tag", request)?;
        }
    }
    expect::equal("CANCEL of all", HALF, session.cancel(scope::ALL, 0)?)?;
    session.all_ended(&requests, status::CANCELLED)?;
    let change = Change {
        pended: i128::from(2 * HALF),
        canceled: i128::from(2 * HALF),
        ..Change::default()
    };
    account.changed_by(&session, change)
}

pub(super) fn never_those_of_another_handle<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let other = Session::open(target)?;
    let mine = session.pend_each([7, 8])?;
    let theirs = other.pend_each([7, 8])?;
    expect::equal("CANCEL of tag 7", 1, session.cancel(scope::TAG, 7)?)?;
    expect::equal("CANCEL of all", 1, session.cancel(scope::ALL, 0)?)?;
    session.all_ended(&mine, status::CANCELLED)?;
    for request in &theirs {
        session.still_pending("a request of another handle", request)?;
    }
    let account = Account::open(&session)?;
    for (scope, tag) in [(scope::TAG, 7), (scope::ALL, 0)] {
        let answer = session.try_cancel(scope, tag)?;
        expect::status(
            "CANCEL of what others own",
            status::NOT_FOUND,
            answer.status,
        )?;
        expect::equal("the length it returns", 0, answer.information)?;
    }
    account.unchanged("canceling what others own", &session)?;
    expect::equal("CANCEL by their owner", 2, other.cancel(scope::ALL, 0)?)?;
    session.all_ended(&theirs, status::CANCELLED)
}

pub(super) fn nothing_matches<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let answer = session.try_cancel(scope::ALL, 0)?;
    expect::status("CANCEL of all with none", status::NOT_FOUND, answer.status)?;
    let request = session.pend(1)?;
    let account = Account::open(&session)?;
    let answer = session.try_cancel(scope::TAG, 2)?;
    expect::status(
        "CANCEL of a tag nobody has",
        status::NOT_FOUND,
        answer.status,
    )?;
    session.still_pending("a request with another tag", &request)?;
    account.unchanged("canceling a tag nobody has", &session)?;
    expect::equal("CANCEL of its tag", 1, session.cancel(scope::TAG, 1)?)?;
    session.ended(&request, status::CANCELLED)?;
    let answer = session.try_cancel(scope::TAG, 1)?;
    expect::status("CANCEL once more", status::NOT_FOUND, answer.status)
}

pub(super) fn wakes_a_blocked_thread<T: Target>(target: &T) -> Checked {
    let blocked = Session::open_synchronous(target)?;
    let other = Session::open(target)?;
    let account = Account::open(&other)?;
    let (answer, canceled) = target.beside(
        || blocked.pend_blocking(1),
        || {
            other.until_pending(1)?;
            Ok(target.cancel_handle(blocked.handle()))
        },
    );
    expect::status(
        "CancelIoEx for a blocked handle",
        status::SUCCESS,
        canceled?,
    )?;
    expect::status(
        "PEND on a synchronous handle",
        status::CANCELLED,
        answer?.status,
    )?;
    account.changed_by(
        &other,
        Change {
            pended: 1,
            canceled: 1,
            ..Change::default()
        },
    )
}
