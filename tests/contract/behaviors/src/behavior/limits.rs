//! Limits: how many requests a handle, and the device, may have at once.
//!
//! `QUERY_VERSION` tells them. They are exact, and who is turned away has changed nothing.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Answer, Target};
use csq_protocol::status;
use csq_protocol::wire::scope;

fn handle_limit<T: Target>(session: &Session<'_, T>) -> Checked<u64> {
    let limit = session.version()?.handle_limit.get();
    expect::holds("a handle may have a request", limit > 0, || {
        limit.to_string()
    })?;
    Ok(limit.into())
}

/// The call must have been turned away, and nothing but that be counted.
fn refused<T: Target>(
    what: &str,
    session: &Session<'_, T>,
    call: impl FnOnce() -> Checked<Result<T::Request, Answer>>,
) -> Checked {
    let account = Account::open(session)?;
    let Err(answer) = call()? else {
        return expect::failed(what, "STATUS_QUOTA_EXCEEDED", "it pends");
    };
    expect::status(what, status::QUOTA_EXCEEDED, answer.status)?;
    expect::equal("the length it returns", 0, answer.information)?;
    let change = Change {
        refused: 1,
        ..Change::default()
    };
    account.changed_by(session, change)
}

pub(super) fn of_a_handle_is_exact<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let other = Session::open(target)?;
    let limit = handle_limit(&session)?;
    let requests = session.pend_each(0..limit)?;
    for _ in 0..3 {
        refused("a request too many", &session, || session.try_pend(1))?;
    }
    // Another handle still may, if the device does.
    if u64::from(session.version()?.device_limit.get()) > limit {
        let request = other.pend(1)?;
        expect::equal("CANCEL of it", 1, other.cancel(scope::ALL, 0)?)?;
        other.ended(&request, status::CANCELLED)?;
    }
    expect::equal("CANCEL of all", limit, session.cancel(scope::ALL, 0)?)?;
    session.all_ended(&requests, status::CANCELLED)
}

/// However a request ends, another one may come in its place, and only one.
pub(super) fn every_end_makes_room<T: Target>(target: &T) -> Checked {
    type End<'a> = &'a dyn Fn() -> Checked<u32>;
    let session = Session::open(target)?;
    let server = Session::open(target)?;
    let limit = handle_limit(&session)?;
    // The oldest is the one that is ended, whatever the way.
    let complete = || {
        let claim = server.claim()?;
        server.complete(claim.id, status::SUCCESS, &[])?;
        Ok(status::SUCCESS)
    };
    let complete_next = || server.complete_next(&[]).map(|_| status::SUCCESS);
    let by_id = || {
        let claim = server.claim()?;
        session.cancel(scope::ID, claim.id)?;
        Ok(status::CANCELLED)
    };
    let ends: [End<'_>; 3] = [&complete, &complete_next, &by_id];
    let mut requests = session.pend_each(0..limit)?;
    for end in ends {
        let expected = end()?;
        session.ended(&requests.remove(0), expected)?;
        requests.push(session.pend(1)?);
        refused("a request too many", &session, || session.try_pend(1))?;
    }
    let canceled = requests.remove(0);
    expect::status("CancelIoEx", status::SUCCESS, target.cancel(&canceled))?;
    session.ended(&canceled, status::CANCELLED)?;
    // The place of one that times out, until the place is taken for good.
    let timed = session.pend_timed(1, 20)?;
    session.ended(&timed, status::IO_TIMEOUT)?;
    requests.push(session.pend(1)?);
    refused("a request too many", &session, || session.try_pend(1))?;
    let left = session.cancel(scope::ALL, 0)?;
    expect::equal("CANCEL of all", limit, left)?;
    session.all_ended(&requests, status::CANCELLED)
}

/// A request counts for the handle it came by until it has ended, also while a server has it.
pub(super) fn claimed_ones_count<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    let limit = handle_limit(&client)?;
    let requests = client.pend_each(0..limit)?;
    for _ in 0..limit.min(3) {
        server.claim()?;
    }
    refused("a request too many", &client, || client.try_pend(1))?;
    server.close();
    client.until_pending(limit)?;
    refused("a request too many", &client, || client.try_pend(1))?;
    expect::equal("CANCEL of all", limit, client.cancel(scope::ALL, 0)?)?;
    client.all_ended(&requests, status::CANCELLED)
}

pub(super) fn waiting_claims_count<T: Target>(target: &T) -> Checked {
    let server = Session::open(target)?;
    let client = Session::open(target)?;
    let account = Account::open(&client)?;
    let limit = handle_limit(&server)?;
    let mut claims = Vec::new();
    for _ in 0..limit {
        claims.push(server.claim_waiting()?);
    }
    refused("a claim too many", &client, || server.try_claim_waiting())?;
    refused("a request of the same handle", &client, || {
        server.try_pend(1)
    })?;
    // A claim that does not wait takes no place.
    let answer = server.try_claim()?;
    expect::status("CLAIM at the limit", status::NOT_FOUND, answer.status)?;
    let canceled = claims.remove(0);
    expect::status(
        "CancelIoEx of a claim",
        status::SUCCESS,
        target.cancel(&canceled),
    )?;
    server.ended(&canceled, status::CANCELLED)?;
    claims.push(server.claim_waiting()?);
    refused("a claim too many", &client, || server.try_claim_waiting())?;
    let now = client.statistics()?.waiting.get();
    expect::equal("claims that wait", limit, now)?;
    server.close();
    client.all_ended(&claims, status::CANCELLED)?;
    account.settled(&client)
}

pub(super) fn of_the_device_is_exact<T: Target>(target: &T) -> Checked {
    let observer = Session::open(target)?;
    let version = observer.version()?;
    let limit = u64::from(version.device_limit.get());
    let each = u64::from(version.handle_limit.get());
    let account = Account::open(&observer)?;
    let mut sessions = Vec::new();
    let mut left = limit;
    while left > 0 {
        let session = Session::open(target)?;
        let requests = session.pend_each(0..left.min(each))?;
        left -= requests.len() as u64;
        sessions.push((session, requests));
    }
    let newcomer = Session::open(target)?;
    refused("a request too many", &observer, || newcomer.try_pend(1))?;
    // One place gets free, and is taken again.
    observer.complete_next(&[])?;
    let request = newcomer.pend(1)?;
    refused("a request too many", &observer, || newcomer.try_pend(1))?;
    let mut first = true;
    for (session, requests) in sessions {
        session.close();
        for request in &requests {
            let expected = if first {
                status::SUCCESS
            } else {
                status::CANCELLED
            };
            observer.ended(request, expected)?;
            first = false;
        }
    }
    newcomer.close();
    observer.ended(&request, status::CANCELLED)?;
    account.settled(&observer)
}

/// Two threads race for the last places: all of them are given away, and none twice.
pub(super) fn two_threads_at_the_limit<T: Target>(target: &T) -> Checked {
    const PLACES: u64 = 3;
    /// Marks the requests of the race.
    const TAG: u64 = 1 << 40;
    let session = Session::open(target)?;
    let limit = handle_limit(&session)?;
    let places = PLACES.min(limit);
    let filling = session.pend_each(0..limit - places)?;
    let try_all = || -> Checked<Vec<T::Request>> {
        let mut admitted = Vec::new();
        for _ in 0..places {
            match session.try_pend(TAG)? {
                Ok(request) => admitted.push(request),
                Err(answer) => {
                    let what = "a request at the limit";
                    expect::status(what, status::QUOTA_EXCEEDED, answer.status)?;
                }
            }
        }
        Ok(admitted)
    };
    // The end of a thread cancels its requests: each looks what it got while both still live.
    for _ in 0..target.rounds() {
        let account = Account::open(&session)?;
        let race = || -> Checked<u64> {
            let admitted = try_all()?;
            session.until("both have tried", |statistics| {
                let tried = Change::between(account.before(), statistics);
                tried.pended + tried.refused == 2 * i128::from(places)
            })?;
            let count = admitted.len() as u64;
            expect::holds("none was given away twice", count <= places, || {
                count.to_string()
            })?;
            Ok(count)
        };
        let (here, there) = target.beside(race, race);
        expect::equal("places given away", places, here? + there?)?;
        session.until("the race's requests have ended", |statistics| {
            statistics.pending.get() == limit - places
        })?;
    }
    expect::equal(
        "what is left",
        filling.len() as u64,
        session.statistics()?.pending.get(),
    )?;
    session.close();
    let observer = Session::open(target)?;
    observer.all_ended(&filling, status::CANCELLED)
}
