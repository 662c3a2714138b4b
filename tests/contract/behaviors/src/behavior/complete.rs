//! `COMPLETE_NEXT`: which request it ends, and with what.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::sample;
use crate::session::Session;
use crate::target::{Answer, Target};
use csq_protocol::status;

pub(super) fn oldest_first_across_handles<T: Target>(target: &T) -> Checked {
    let first = Session::open(target)?;
    let second = Session::open(target)?;
    let server = Session::open(target)?;
    let requests = [
        first.pend(1)?,
        second.pend(2)?,
        first.pend(3)?,
        second.pend(4)?,
    ];
    for (tag, request) in (1..).zip(&requests) {
        let completed = server.complete_next(&[])?;
        expect::equal("the tag of the oldest request", tag, completed.tag.get())?;
        server.ended(request, status::SUCCESS)?;
    }
    Ok(())
}

pub(super) fn ends_exactly_one<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let first = session.pend(1)?;
    let second = session.pend(2)?;
    session.complete_next(&[])?;
    session.ended(&first, status::SUCCESS)?;
    session.still_pending("the younger request", &second)?;
    account.changed_by(
        &session,
        Change {
            pended: 2,
            completed: 1,
            pending: 1,
            ..Change::default()
        },
    )?;
    session.complete_next(&[])?;
    session.ended(&second, status::SUCCESS)?;
    Ok(())
}

pub(super) fn what_fits_is_delivered<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let payload = sample::payload(8);
    for room in [0, 1, 7] {
        let request = session.pend_with(0, &[], room)?;
        let completed = session.complete_next(&payload)?;
        expect::equal(
            "Completed.delivered",
            room,
            completed.delivered.get() as usize,
        )?;
        let answer = session.ended(&request, status::BUFFER_OVERFLOW)?;
        fills(&answer, &payload, room)?;
    }
    Ok(())
}

/// The answer fills its buffer, which has this room, with the beginning of `payload`.
pub(super) fn fills(answer: &Answer, payload: &[u8], room: usize) -> Checked {
    expect::equal("the length of the answer", room, answer.information)?;
    let sent = payload.get(..room);
    expect::equal("what was delivered", sent, Some(&answer.output[..]))
}

pub(super) fn room_to_spare_stays_untouched<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let request = session.pend_with(0, &sample::payload(300), 512)?;
    session.complete_next(&sample::payload(5))?;
    // Whether the other 507 bytes are untouched is checked on every answer.
    let answer = session.ended(&request, status::SUCCESS)?;
    expect::equal("the length of the answer", 5, answer.information)?;
    expect::equal("the answer's buffer", 512, answer.output.len())
}

pub(super) fn nothing_pending<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let answer = session.try_complete_next(b"for nobody")?;
    expect::status(
        "COMPLETE_NEXT with nothing pending",
        status::NOT_FOUND,
        answer.status,
    )?;
    expect::equal("the length it returns", 0, answer.information)?;
    account.unchanged("COMPLETE_NEXT with nothing pending", &session)?;
    let request = session.pend(1)?;
    session.complete_next(&[])?;
    session.ended(&request, status::SUCCESS)?;
    let answer = session.try_complete_next(b"for nobody")?;
    expect::status(
        "COMPLETE_NEXT when all have ended",
        status::NOT_FOUND,
        answer.status,
    )
}

pub(super) fn canceled_is_skipped<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let requests = session.pend_each(0..6)?;
    for (index, request) in requests.iter().enumerate() {
        if index % 2 == 0 {
            expect::status("CancelIoEx", status::SUCCESS, target.cancel(request))?;
            session.ended(request, status::CANCELLED)?;
        }
    }
    for (tag, request) in (0_u64..).zip(&requests) {
        if tag % 2 == 1 {
            let completed = session.complete_next(&[])?;
            expect::equal("the tag of the oldest left", tag, completed.tag.get())?;
            session.ended(request, status::SUCCESS)?;
        }
    }
    Ok(())
}

pub(super) fn from_another_thread<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    let request = client.pend(1)?;
    target.on_thread(|| server.complete_next(b"from beside"))?;
    let answer = client.ended(&request, status::SUCCESS)?;
    expect::equal("the length of the answer", 11, answer.information)
}

pub(super) fn wakes_a_blocked_thread<T: Target>(target: &T) -> Checked {
    let blocked = Session::open_synchronous(target)?;
    let server = Session::open(target)?;
    let (answer, completion) = target.beside(
        || blocked.pend_blocking(1),
        || {
            server.until_pending(1)?;
            server.complete_next(b"wake up")
        },
    );
    completion?;
    let answer = answer?;
    expect::status(
        "PEND on a synchronous handle",
        status::SUCCESS,
        answer.status,
    )?;
    expect::equal(
        "its payload",
        Some(&b"wake up"[..]),
        answer.output.get(..answer.information),
    )
}
