//! PEND: what a request is from the moment the driver takes it.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::sample;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::{MAX_PAYLOAD, status};

/// The lengths a payload may have, at and around its limits.
const LENGTHS: [usize; 4] = [0, 1, MAX_PAYLOAD as usize - 1, MAX_PAYLOAD as usize];

pub(super) fn waits_until_completed<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let request = session.pend(1)?;
    session.still_pending("a request nobody has ended", &request)?;
    account.changed_by(
        &session,
        Change {
            pended: 1,
            pending: 1,
            ..Change::default()
        },
    )?;
    session.complete_next(b"done")?;
    let answer = session.ended(&request, status::SUCCESS)?;
    expect::equal(
        "the payload",
        Some(&b"done"[..]),
        answer.output.get(..answer.information),
    )?;
    account.changed_by(
        &session,
        Change {
            pended: 1,
            completed: 1,
            ..Change::default()
        },
    )
}

pub(super) fn answers_of_every_length_arrive<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    for length in LENGTHS {
        let payload = sample::payload(length);
        let request = session.pend_with(0, &[], MAX_PAYLOAD as usize)?;
        let completed = session.complete_next(&payload)?;
        expect::equal(
            "Completed.delivered",
            length,
            completed.delivered.get() as usize,
        )?;
        let answer = session.ended(&request, status::SUCCESS)?;
        expect::equal("the length of the answer", length, answer.information)?;
        expect::holds(
            "the answer is the completer's payload",
            answer.output.starts_with(&payload),
            || format!("other bytes in a payload of {length}"),
        )?;
    }
    Ok(())
}

pub(super) fn takes_payloads_of_every_length<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    for (tag, length) in (0..).zip(LENGTHS) {
        let request = session.pend_with(tag, &sample::payload(length), 8)?;
        let completed = session.complete_next(b"taken")?;
        expect::equal("Completed.tag", tag, completed.tag.get())?;
        let answer = session.ended(&request, status::SUCCESS)?;
        let payload = answer.output.get(..answer.information);
        expect::equal("the answer", Some(&b"taken"[..]), payload)?;
    }
    Ok(())
}

pub(super) fn tags_are_reported<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let tags = [0, 1, 7, 7, u64::MAX];
    let requests = session.pend_each(tags)?;
    for tag in tags {
        let completed = session.complete_next(&[])?;
        expect::equal("Completed.tag", tag, completed.tag.get())?;
    }
    session.all_ended(&requests, status::SUCCESS)
}

pub(super) fn many_wait_at_once<T: Target>(target: &T) -> Checked {
    const MANY: u64 = 200;
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let requests = session.pend_each(0..MANY)?;
    let pending = Change {
        pended: MANY.into(),
        pending: MANY.into(),
        ..Change::default()
    };
    account.changed_by(&session, pending)?;
    for tag in 0..MANY {
        let completed = session.complete_next(&tag.to_le_bytes())?;
        expect::equal("the tag of the oldest request", tag, completed.tag.get())?;
    }
    for (tag, request) in (0..MANY).zip(&requests) {
        let answer = session.ended(request, status::SUCCESS)?;
        let payload = answer.output.get(..answer.information);
        expect::equal("the answer to it", Some(&tag.to_le_bytes()[..]), payload)?;
    }
    let done = Change {
        pended: MANY.into(),
        completed: MANY.into(),
        ..Change::default()
    };
    account.changed_by(&session, done)
}

/// Both threads stay alive until all requests have ended, since the end of a thread would cancel
/// its own.
pub(super) fn two_threads_keep_their_order<T: Target>(target: &T) -> Checked {
    const EACH: u64 = 8;
    const OTHER: u64 = 1000;
    let session = Session::open(target)?;
    let pend_all = |first| -> Checked {
        let requests = session.pend_each(first..first + EACH)?;
        session.all_ended(&requests, status::SUCCESS)
    };
    let serve = || -> Checked<Vec<u64>> {
        let requests = session.pend_each(0..EACH)?;
        let mut tags = Vec::new();
        for _ in 0..2 * EACH {
            tags.push(next_tag(target, &session)?);
        }
        session.all_ended(&requests, status::SUCCESS)?;
        Ok(tags)
    };
    let (others, served) = target.beside(|| pend_all(OTHER), serve);
    let tags = served?;
    others?;
    let (here, there): (Vec<u64>, Vec<u64>) = tags.iter().partition(|tag| **tag < OTHER);
    expect::equal("the tags pended here", (0..EACH).collect(), here)?;
    expect::equal(
        "the tags pended beside",
        (OTHER..OTHER + EACH).collect(),
        there,
    )
}

/// Completes a request as soon as there is one.
fn next_tag<T: Target>(target: &T, session: &Session<'_, T>) -> Checked<u64> {
    let mut last = None;
    target.wait_until(&mut || {
        let answer = session.try_complete_next(&[]);
        let empty = matches!(&answer, Ok(answer) if answer.status == status::NOT_FOUND);
        last = Some(answer);
        !empty
    });
    match last {
        Some(answer) => {
            let completed: csq_protocol::wire::Completed =
                crate::session::structure("COMPLETE_NEXT", &answer?)?;
            Ok(completed.tag.get())
        }
        None => expect::failed("a request to complete", "one", "none"),
    }
}
