//! Claims that wait: `CLAIM` with nothing pending, until something is.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::status;
use csq_protocol::wire::scope;

pub(super) fn gets_the_next_request<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    let account = Account::open(&client)?;
    let claim = server.claim_waiting()?;
    server.still_pending("a claim with nothing to claim", &claim)?;
    let mut change = Change {
        waiting: 1,
        ..Change::default()
    };
    account.changed_by(&client, change)?;
    let request = client.pend_with(7, b"at last", 8)?;
    let claimed = server.claimed(&claim)?;
    expect::equal("Claimed.tag", 7, claimed.tag)?;
    expect::equal("the payload", b"at last".to_vec(), claimed.payload)?;
    client.still_pending("a request that is claimed", &request)?;
    change = Change {
        pended: 1,
        claimed: 1,
        ..Change::default()
    };
    account.changed_by(&client, change)?;
    server.complete(claimed.id, status::SUCCESS, b"answer")?;
    let answer = client.ended(&request, status::SUCCESS)?;
    expect::equal("the length of the answer", 6, answer.information)
}

pub(super) fn the_first_gets_the_first<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let servers = [Session::open(target)?, Session::open(target)?];
    let [a, b] = &servers;
    let order = [a, b, b, a];
    let mut claims = Vec::new();
    for server in order {
        claims.push(server.claim_waiting()?);
    }
    let mut requests = Vec::new();
    for (tag, (server, claim)) in (0..).zip(order.iter().zip(&claims)) {
        requests.push(client.pend(tag)?);
        let claimed = server.claimed(claim)?;
        expect::equal("the tag the oldest claim gets", tag, claimed.tag)?;
        for later in claims.iter().skip(requests.len()) {
            server.still_pending("a younger claim", later)?;
        }
        server.complete(claimed.id, status::SUCCESS, &[])?;
    }
    client.all_ended(&requests, status::SUCCESS)
}

pub(super) fn does_not_wait_if_something_is_pending<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let requests = session.pend_each([1, 2])?;
    for tag in [1, 2] {
        let Err(answer) = session.try_claim_waiting()? else {
            return expect::failed(
                "CLAIM with something pending",
                "an answer",
                "a claim that waits",
            );
        };
        expect::status(
            "CLAIM with something pending",
            status::SUCCESS,
            answer.status,
        )?;
        let waiting = session.statistics()?.waiting.get();
        expect::equal("claims that wait", 0, waiting)?;
        expect::equal("CANCEL of what it got", 1, session.cancel(scope::TAG, tag)?)?;
    }
    session.all_ended(&requests, status::CANCELLED)
}

pub(super) fn canceled_ones_get_nothing<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    let account = Account::open(&client)?;
    let one = server.claim_waiting()?;
    let rest = [server.claim_waiting()?, server.claim_waiting()?];
    expect::status(
        "CancelIoEx of a claim",
        status::SUCCESS,
        target.cancel(&one),
    )?;
    server.ended(&one, status::CANCELLED)?;
    expect::status(
        "CancelIoEx of it again",
        status::NOT_FOUND,
        target.cancel(&one),
    )?;
    let canceled = target.cancel_handle(server.handle());
    expect::status("CancelIoEx for a handle", status::SUCCESS, canceled)?;
    server.all_ended(&rest, status::CANCELLED)?;
    account.unchanged("claims that waited for nothing", &client)?;
    let request = client.pend(1)?;
    client.still_pending("a request when the claims are gone", &request)?;
    client.complete_next(&[])?;
    client.ended(&request, status::SUCCESS)?;
    Ok(())
}

pub(super) fn end_with_their_handle<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let staying = Session::open(target)?;
    let account = Account::open(&client)?;
    let closing = Session::open(target)?;
    let lost = [closing.claim_waiting()?, closing.claim_waiting()?];
    let kept = staying.claim_waiting()?;
    closing.close();
    client.all_ended(&lost, status::CANCELLED)?;
    staying.still_pending("the claim of another handle", &kept)?;
    let change = Change {
        waiting: 1,
        ..Change::default()
    };
    account.changed_by(&client, change)?;
    let request = client.pend(1)?;
    let claimed = staying.claimed(&kept)?;
    staying.complete(claimed.id, status::SUCCESS, &[])?;
    client.ended(&request, status::SUCCESS)?;
    Ok(())
}

/// `CANCEL` is for requests. A program whose claims wait on the same handle keeps them.
pub(super) fn are_not_requests<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let claim = session.claim_waiting()?;
    let account = Account::open(&session)?;
    for (scope, target) in [(scope::ALL, 0), (scope::TAG, 0), (scope::ID, 0)] {
        session.cancel_finds_nothing("a claim", scope, target)?;
    }
    let answer = session.try_complete_next(&[])?;
    let what = "COMPLETE_NEXT with a claim waiting";
    expect::status(what, status::NOT_FOUND, answer.status)?;
    account.unchanged("treating a claim as a request", &session)?;
    expect::status("CancelIoEx of it", status::SUCCESS, target.cancel(&claim))?;
    session.ended(&claim, status::CANCELLED)?;
    Ok(())
}

pub(super) fn a_blocked_server_wakes_up<T: Target>(target: &T) -> Checked {
    let server = Session::open_synchronous(target)?;
    let client = Session::open(target)?;
    let (claim, request) = target.beside(
        || server.await_claim(),
        || {
            client.until("a claim waits", |statistics| statistics.waiting.get() == 1)?;
            client.pend(1)
        },
    );
    let request = request?;
    expect::equal("Claimed.tag", 1, claim?.tag)?;
    server.close();
    client.until_pending(1)?;
    client.complete_next(&[])?;
    client.ended(&request, status::SUCCESS)?;
    Ok(())
}

/// Whichever comes first, the other must find it.
pub(super) fn requests_and_claims_meet<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for tag in 0..target.rounds() as u64 {
        let account = Account::open(&client)?;
        let (claim, request) = target.beside(|| server.await_claim(), || client.pend(tag));
        let (claim, request) = (claim?, request?);
        expect::equal("Claimed.tag", tag, claim.tag)?;
        server.complete(claim.id, status::SUCCESS, &[])?;
        client.ended(&request, status::SUCCESS)?;
        let change = Change {
            pended: 1,
            completed: 1,
            ..Change::default()
        };
        account.changed_by(&client, change)?;
    }
    Ok(())
}
