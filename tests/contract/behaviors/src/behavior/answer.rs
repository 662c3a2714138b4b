//! `COMPLETE`: a server answers what its handle has claimed, by id.

use crate::account::{Account, Change};
use crate::behavior::complete::fills;
use crate::expect;
use crate::outcome::Checked;
use crate::sample;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::status;

pub(super) fn in_any_order<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    let account = Account::open(&client)?;
    let requests = client.pend_each(0..4)?;
    let claims = [
        server.claim()?,
        server.claim()?,
        server.claim()?,
        server.claim()?,
    ];
    for index in [2, 0, 3, 1] {
        let (Some(claim), Some(request)) = (claims.get(index), requests.get(index)) else {
            continue;
        };
        let payload = claim.tag.to_le_bytes();
        let delivered = server.complete(claim.id, status::SUCCESS, &payload)?;
        expect::equal("Delivered.delivered", payload.len(), delivered)?;
        let answer = client.ended(request, status::SUCCESS)?;
        let seen = answer.output.get(..answer.information);
        expect::equal("the answer to it", Some(&payload[..]), seen)?;
    }
    let done = Change {
        pended: 4,
        completed: 4,
        ..Change::default()
    };
    account.changed_by(&client, done)
}

/// Success, information and warnings bring their payload along; errors have none.
pub(super) fn any_status_arrives<T: Target>(target: &T) -> Checked {
    const STATUSES: [(u32, &[u8]); 7] = [
        (status::SUCCESS, b"with success"),
        (0x0000_0001, b"another success"),
        (0x4000_0000, b"for information"),
        (0x8000_0006, b"a warning"),
        (status::CANCELLED, b""),
        (0xc000_0001, b""),
        (0xe000_1234, b""),
    ];
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    for (status, payload) in STATUSES {
        let request = session.pend(1)?;
        let claim = session.claim()?;
        session.complete(claim.id, status, payload)?;
        let answer = session.ending(&request)?;
        expect::status("the status the server gave", status, answer.status)?;
        let seen = answer.output.get(..answer.information);
        expect::equal("the payload it gave", Some(payload), seen)?;
    }
    // Also one that ended in an error has been completed.
    let done = Change {
        pended: STATUSES.len() as i128,
        completed: STATUSES.len() as i128,
        ..Change::default()
    };
    account.changed_by(&session, done)
}

pub(super) fn what_fits_is_delivered<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let payload = sample::payload(8);
    for room in [0, 1, 7, 8] {
        let request = session.pend_with(0, &sample::payload(100), room)?;
        let claim = session.claim()?;
        let delivered = session.complete(claim.id, status::SUCCESS, &payload)?;
        expect::equal("Delivered.delivered", room, delivered)?;
        let expected = match room {
            8 => status::SUCCESS,
            _ => status::BUFFER_OVERFLOW,
        };
        let answer = session.ended(&request, expected)?;
        fills(&answer, &payload, room)?;
    }
    Ok(())
}

pub(super) fn twice_finds_nothing<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let request = session.pend(1)?;
    let claim = session.claim()?;
    session.complete(claim.id, status::SUCCESS, b"once")?;
    let account = Account::open(&session)?;
    session.complete_finds_nothing("a request that it has completed", claim.id)?;
    account.unchanged("completing it again", &session)?;
    let answer = session.ended(&request, status::SUCCESS)?;
    expect::equal("the length of the answer", 4, answer.information)
}

pub(super) fn only_by_the_handle_that_claimed<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    let other = Session::open(target)?;
    let duplicate = server.duplicate()?;
    let requests = client.pend_each([1, 2])?;
    let first = server.claim()?;
    let second = server.claim()?;
    let account = Account::open(&client)?;
    for stranger in [&client, &other] {
        stranger.complete_finds_nothing("what another handle has claimed", first.id)?;
    }
    account.unchanged("completing what another handle has claimed", &client)?;
    for request in &requests {
        client.still_pending("what was not completed", request)?;
    }
    server.complete(first.id, status::SUCCESS, &[])?;
    // A duplicate is the same file object.
    duplicate.complete(second.id, status::SUCCESS, &[])?;
    client.all_ended(&requests, status::SUCCESS)
}

pub(super) fn wrong_ids_find_nothing<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let ended = {
        let request = session.pend(1)?;
        let claim = session.claim()?;
        session.complete(claim.id, status::SUCCESS, &[])?;
        session.ended(&request, status::SUCCESS)?;
        claim.id
    };
    // The place in the driver's table where the ended one was may be in use again now.
    let requests = session.pend_each([2, 3])?;
    let claim = session.claim()?;
    let account = Account::open(&session)?;
    let mut wrong = vec![
        ("zero", 0),
        ("all ones", u64::MAX),
        ("an ended request", ended),
        ("a past generation", claim.id.wrapping_sub(1 << 32)),
        ("a future generation", claim.id.wrapping_add(1 << 32)),
        ("a place beyond the table", claim.id | 0xffff_ffff),
        ("the next place", claim.id.wrapping_add(1)),
    ];
    wrong.extend((0..32).map(|bit| ("another generation", claim.id ^ 1 << (32 + bit))));
    for (what, id) in wrong {
        session.complete_finds_nothing(what, id)?;
    }
    account.unchanged("completing what is not claimed", &session)?;
    for request in &requests {
        session.still_pending("a request that nobody named", request)?;
    }
    session.complete(claim.id, status::SUCCESS, &[])?;
    session.complete_next(&[])?;
    session.all_ended(&requests, status::SUCCESS)
}
