//! `CLAIM`: a server takes requests to its own handle, oldest first.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::sample;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::ioctl::Rights;
use csq_protocol::{MAX_PAYLOAD, status};

pub(super) fn takes_the_oldest<T: Target>(target: &T) -> Checked {
    let client = Session::open_with(target, Rights::READ)?;
    let server = Session::open_with(target, Rights::WRITE)?;
    let account = Account::open(&client)?;
    let requests = client.pend_each(0..3)?;
    let mut ids = Vec::new();
    for (tag, claimed) in (0..).zip(1..=3) {
        let claim = server.claim()?;
        expect::equal("the tag of the oldest", tag, claim.tag)?;
        ids.push(claim.id);
        let change = Change {
            pended: 3,
            pending: 3 - claimed,
            claimed,
            ..Change::default()
        };
        account.changed_by(&client, change)?;
        for request in &requests {
            client.still_pending("a request that is claimed or pending", request)?;
        }
    }
    for id in ids {
        server.complete(id, status::SUCCESS, &[])?;
    }
    client.all_ended(&requests, status::SUCCESS)?;
    let done = Change {
        pended: 3,
        completed: 3,
        ..Change::default()
    };
    account.changed_by(&client, done)
}

pub(super) fn payloads_of_every_length_arrive<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    for length in [0, 1, MAX_PAYLOAD as usize - 1, MAX_PAYLOAD as usize] {
        let payload = sample::payload(length);
        let request = session.pend_with(u64::MAX, &payload, 0)?;
        let claim = session.claim()?;
        expect::equal("Claimed.tag", u64::MAX, claim.tag)?;
        expect::holds(
            "the payload is the client's",
            claim.payload == payload,
            || format!("other bytes in a payload of {length}"),
        )?;
        session.complete(claim.id, status::SUCCESS, &[])?;
        session.ended(&request, status::SUCCESS)?;
    }
    Ok(())
}

pub(super) fn nothing_pending<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let answer = session.try_claim()?;
    expect::status(
        "CLAIM with nothing pending",
        status::NOT_FOUND,
        answer.status,
    )?;
    expect::equal("the length it returns", 0, answer.information)?;
    account.unchanged("CLAIM with nothing pending", &session)?;
    // A claim that finds nothing leaves nothing behind that would take this.
    let request = session.pend(1)?;
    session.complete_next(&[])?;
    session.ended(&request, status::SUCCESS)?;
    Ok(())
}

pub(super) fn nobody_else_gets_it<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let servers = [Session::open(target)?, Session::open(target)?];
    let [first, second] = &servers;
    let requests = client.pend_each([1, 2])?;
    let one = first.claim()?;
    let other = second.claim()?;
    expect::equal("the tags", (1, 2), (one.tag, other.tag))?;
    expect::holds("the ids differ", one.id != other.id, || {
        format!("{:#x} twice", one.id)
    })?;
    let account = Account::open(&client)?;
    for server in &servers {
        let answer = server.try_claim()?;
        let what = "CLAIM when all are claimed";
        expect::status(what, status::NOT_FOUND, answer.status)?;
        let answer = server.try_complete_next(b"not yours")?;
        let what = "COMPLETE_NEXT when all are claimed";
        expect::status(what, status::NOT_FOUND, answer.status)?;
    }
    account.unchanged("asking for claimed requests", &client)?;
    second.complete(other.id, status::SUCCESS, b"2")?;
    first.complete(one.id, status::SUCCESS, b"1")?;
    for (request, expected) in requests.iter().zip([b"1", b"2"]) {
        let answer = client.ended(request, status::SUCCESS)?;
        let payload = answer.output.get(..answer.information);
        expect::equal("the answer to it", Some(&expected[..]), payload)?;
    }
    Ok(())
}

pub(super) fn canceled_is_skipped<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let requests = session.pend_each(0..6)?;
    for request in requests.iter().step_by(2) {
        expect::status("CancelIoEx", status::SUCCESS, target.cancel(request))?;
        session.ended(request, status::CANCELLED)?;
    }
    for (tag, request) in (0_u64..).zip(&requests) {
        if tag % 2 == 1 {
            let claim = session.claim()?;
            expect::equal("the tag of the oldest left", tag, claim.tag)?;
            session.complete(claim.id, status::SUCCESS, &[])?;
            session.ended(request, status::SUCCESS)?;
        }
    }
    Ok(())
}
