//! Timeouts: a request that nobody ends in its time ends by itself.
//!
//! A body cannot look at a clock. It knows that time has passed when another request has timed out.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::{Session, claimed};
use crate::target::Target;
use csq_protocol::status;
use csq_protocol::wire::scope;

/// In milliseconds: so short that a body can wait for it.
const SHORT: u32 = 20;
/// So long that it is never over while a body runs.
const LONG: u32 = 600_000;

/// Waits for as long as a request with some timeout does.
fn time_passes<T: Target>(session: &Session<'_, T>, milliseconds: u32) -> Checked {
    let marker = session.pend_timed(u64::MAX, milliseconds)?;
    session.ended(&marker, status::IO_TIMEOUT)?;
    Ok(())
}

pub(super) fn ends_the_request<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    for timeout in [1, 2, SHORT, 100] {
        let account = Account::open(&session)?;
        let request = session.pend_timed(1, timeout)?;
        session.ended(&request, status::IO_TIMEOUT)?;
        let change = Change {
            pended: 1,
            timed_out: 1,
            ..Change::default()
        };
        account.changed_by(&session, change)?;
        expect::status(
            "CancelIoEx of it",
            status::NOT_FOUND,
            target.cancel(&request),
        )?;
        let answer = session.try_complete_next(&[])?;
        expect::status("COMPLETE_NEXT", status::NOT_FOUND, answer.status)?;
    }
    Ok(())
}

/// Timeouts that must not end a request soon: 0, which means never; the longest, which are weeks; and those that
/// would be short if somebody computed their units of 100 ns in 32 bits.
pub(super) fn none_and_the_longest_do_not<T: Target>(target: &T) -> Checked {
    const TIMEOUTS: [u32; 8] = [
        0,
        u32::MAX,
        u32::MAX - 1,
        0x8000_0000,
        0x7fff_ffff,
        429_497,
        4_294_968,
        LONG,
    ];
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let mut requests = Vec::new();
    for timeout in TIMEOUTS {
        requests.push(session.pend_timed(timeout.into(), timeout)?);
    }
    time_passes(&session, SHORT)?;
    for (request, timeout) in requests.iter().zip(TIMEOUTS) {
        session.still_pending(&format!("a request with a timeout of {timeout}"), request)?;
        let completed = session.complete_next(b"in time")?;
        expect::equal("its tag", u64::from(timeout), completed.tag.get())?;
        session.ended(request, status::SUCCESS)?;
    }
    let many = TIMEOUTS.len() as i128;
    let change = Change {
        pended: many + 1,
        completed: many,
        timed_out: 1,
        ..Change::default()
    };
    account.changed_by(&session, change)
}

pub(super) fn the_shorter_ends_first<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    for timeouts in [[LONG, SHORT], [SHORT, LONG]] {
        let first = session.pend_timed(1, timeouts[0])?;
        let second = session.pend_timed(2, timeouts[1])?;
        let (short, long) = if timeouts[0] == SHORT {
            (&first, &second)
        } else {
            (&second, &first)
        };
        session.ended(short, status::IO_TIMEOUT)?;
        session.still_pending("a request with more time", long)?;
        session.complete_next(&[])?;
        session.ended(long, status::SUCCESS)?;
    }
    Ok(())
}

pub(super) fn ends_a_claimed_one<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    let account = Account::open(&client)?;
    let request = client.pend_timed(1, 100)?;
    let answer = server.try_claim()?;
    client.ended(&request, status::IO_TIMEOUT)?;
    // On a slow host the time may be over before the claim.
    if answer.status == status::SUCCESS {
        let id = claimed(&answer)?.id;
        server.complete_finds_nothing("a claim whose time is over", id)?;
    } else {
        let what = "CLAIM of a request whose time is over";
        expect::status(what, status::NOT_FOUND, answer.status)?;
    }
    let change = Change {
        pended: 1,
        timed_out: 1,
        ..Change::default()
    };
    account.changed_by(&client, change)
}

pub(super) fn ends_one_that_was_given_back<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let account = Account::open(&client)?;
    let request = client.pend_timed(1, 200)?;
    let server = Session::open(target)?;
    server.try_claim()?;
    server.close();
    client.ended(&request, status::IO_TIMEOUT)?;
    let change = Change {
        pended: 1,
        timed_out: 1,
        ..Change::default()
    };
    account.changed_by(&client, change)
}

/// The place in the driver's table, with its timer, is used again at once.
pub(super) fn does_not_outlive_its_request<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    for _ in 0..4 {
        // On a slow host they may time out before they are ended.
        let completed = session.pend_timed(1, SHORT)?;
        let answer = session.try_complete_next(&[])?;
        ended_or_timed_out(&session, &completed, answer.status, status::SUCCESS)?;
        let canceled = session.pend_timed(2, SHORT)?;
        let found = target.cancel(&canceled);
        ended_or_timed_out(&session, &canceled, found, status::CANCELLED)?;
        let asked = session.pend_timed(3, SHORT)?;
        let answer = session.try_cancel(scope::TAG, 3)?;
        ended_or_timed_out(&session, &asked, answer.status, status::CANCELLED)?;

        let heirs = [
            session.pend(9)?,
            session.pend_timed(9, LONG)?,
            session.pend(9)?,
        ];
        time_passes(&session, 2 * SHORT)?;
        for heir in &heirs {
            session.still_pending("a request in the place of one that had a timeout", heir)?;
        }
        expect::equal("CANCEL of the heirs", 3, session.cancel(scope::TAG, 9)?)?;
        session.all_ended(&heirs, status::CANCELLED)?;
    }
    account.settled(&session)
}

/// A request must have ended in one way if the call that was to end it so succeeded, and by its
/// timeout if not.
fn ended_or_timed_out<T: Target>(
    session: &Session<'_, T>,
    request: &T::Request,
    call: u32,
    way: u32,
) -> Checked {
    let succeeded = call == status::SUCCESS;
    let expected = if succeeded { way } else { status::IO_TIMEOUT };
    session.ended(request, expected)?;
    Ok(())
}

pub(super) fn of_many_at_once<T: Target>(target: &T) -> Checked {
    const MANY: u32 = 100;
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let mut requests = Vec::new();
    for tag in 0..MANY {
        requests.push(session.pend_timed(tag.into(), 1 + tag * 7 % 20)?);
    }
    session.all_ended(&requests, status::IO_TIMEOUT)?;
    let change = Change {
        pended: MANY.into(),
        timed_out: MANY.into(),
        ..Change::default()
    };
    account.changed_by(&session, change)
}

pub(super) fn wakes_a_blocked_thread<T: Target>(target: &T) -> Checked {
    let blocked = Session::open_synchronous(target)?;
    let answer = target.on_thread(|| blocked.pend_blocking_timed(1, SHORT))?;
    let what = "PEND on a synchronous handle";
    expect::status(what, status::IO_TIMEOUT, answer.status)
}
