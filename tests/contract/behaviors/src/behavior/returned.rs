//! A server that goes away: what it has claimed is pending again, in its old place.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Capability, Target};
use csq_protocol::status;

/// The requests left, all pending, are completed in this order of their tags.
fn completed_in_order<T: Target>(session: &Session<'_, T>, tags: &[u64]) -> Checked {
    for tag in tags {
        let completed = session.complete_next(&[])?;
        expect::equal("the order of what is pending", *tag, completed.tag.get())?;
    }
    let answer = session.try_complete_next(&[])?;
    expect::status("COMPLETE_NEXT after them", status::NOT_FOUND, answer.status)
}

pub(super) fn to_the_head_in_their_order<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let account = Account::open(&client)?;
    let mut requests = client.pend_each(0..4)?;
    let server = Session::open(target)?;
    for tag in 0..3 {
        expect::equal("Claimed.tag", tag, server.claim()?.tag)?;
    }
    requests.extend(client.pend_each(4..6)?);
    server.close();
    client.until_pending(6)?;
    let change = Change {
        pended: 6,
        pending: 6,
        ..Change::default()
    };
    account.changed_by(&client, change)?;
    for request in &requests {
        client.still_pending("a request whose server is gone", request)?;
    }
    completed_in_order(&client, &[0, 1, 2, 3, 4, 5])?;
    client.all_ended(&requests, status::SUCCESS)
}

pub(super) fn of_two_servers_in_their_order<T: Target>(target: &T) -> Checked {
    for first_to_close in [0, 1] {
        let client = Session::open(target)?;
        let requests = client.pend_each(0..6)?;
        let mut servers = vec![Session::open(target)?, Session::open(target)?];
        // Turn by turn, so that each has what stands between the other's.
        for _ in 0..2 {
            for server in &servers {
                server.claim()?;
            }
        }
        let first = servers.remove(first_to_close);
        first.close();
        client.until_pending(4)?;
        for server in servers {
            server.close();
        }
        client.until_pending(6)?;
        completed_in_order(&client, &[0, 1, 2, 3, 4, 5])?;
        client.all_ended(&requests, status::SUCCESS)?;
    }
    Ok(())
}

/// The driver requeues some at a time, with its lock free between.
pub(super) fn more_than_in_one_hold<T: Target>(target: &T) -> Checked {
    const MANY: u64 = 200;
    let client = Session::open(target)?;
    let requests = client.pend_each(0..MANY)?;
    let servers = [Session::open(target)?, Session::open(target)?];
    for tag in 0..MANY {
        let server = if tag % 2 == 0 {
            &servers[0]
        } else {
            &servers[1]
        };
        expect::equal("Claimed.tag", tag, server.claim()?.tag)?;
    }
    for server in servers {
        server.close();
    }
    client.until_pending(MANY)?;
    let tags: Vec<u64> = (0..MANY).collect();
    completed_in_order(&client, &tags)?;
    client.all_ended(&requests, status::SUCCESS)
}

pub(super) fn only_what_is_left<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    let staying = Session::open(target)?;
    let account = Account::open(&client)?;
    let answered = client.pend(0)?;
    let canceled = client.pend(1)?;
    let left = client.pend(2)?;
    let of_another = client.pend(3)?;
    let unclaimed = client.pend(4)?;
    let answer = server.claim()?;
    server.claim()?;
    server.claim()?;
    let kept = staying.claim()?;
    server.complete(answer.id, status::SUCCESS, &[])?;
    expect::status("CancelIoEx", status::SUCCESS, target.cancel(&canceled))?;
    client.ended(&canceled, status::CANCELLED)?;
    server.close();
    client.until_pending(2)?;
    let change = Change {
        pended: 5,
        completed: 1,
        canceled: 1,
        pending: 2,
        claimed: 1,
        ..Change::default()
    };
    account.changed_by(&client, change)?;
    staying.complete(kept.id, status::SUCCESS, &[])?;
    client.ended(&of_another, status::SUCCESS)?;
    completed_in_order(&client, &[2, 4])?;
    client.all_ended([&answered, &left, &unclaimed], status::SUCCESS)
}

/// The id stays the request's name, but the claim is gone.
pub(super) fn under_the_same_id<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let request = client.pend(1)?;
    let staying = Session::open(target)?;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let server = Session::open(target)?;
        let claim = server.claim()?;
        ids.push(claim.id);
        server.close();
        client.until_pending(1)?;
        staying.complete_finds_nothing("a request that was given back", claim.id)?;
        client.complete_finds_nothing("a request that was given back", claim.id)?;
    }
    let claim = staying.claim()?;
    expect::equal("the ids of one request", vec![claim.id; 3], ids)?;
    staying.complete(claim.id, status::SUCCESS, &[])?;
    client.ended(&request, status::SUCCESS)?;
    Ok(())
}

pub(super) fn with_the_last_of_duplicates<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let request = client.pend(1)?;
    let first = Session::open(target)?;
    let second = first.duplicate()?;
    let claim = first.claim()?;
    let account = Account::open(&client)?;
    first.close();
    account.unchanged("closing one of two handles", &client)?;
    second.close();
    client.until_pending(1)?;
    let again = client.claim()?;
    expect::equal("the id of the request that is back", claim.id, again.id)?;
    client.complete(again.id, status::SUCCESS, &[])?;
    client.ended(&request, status::SUCCESS)?;
    Ok(())
}

pub(super) fn to_a_claim_that_waits<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let waiting = Session::open(target)?;
    let server = Session::open(target)?;
    let requests = client.pend_each([1, 2])?;
    let first = server.claim()?;
    let second = server.claim()?;
    let claims = [waiting.claim_waiting()?, waiting.claim_waiting()?];
    server.close();
    for (claim, expected) in claims.iter().zip([first, second]) {
        expect::equal(
            "what the waiting claim got",
            expected.clone(),
            waiting.claimed(claim)?,
        )?;
        waiting.complete(expected.id, status::SUCCESS, &[])?;
    }
    client.all_ended(&requests, status::SUCCESS)
}

/// A handle may claim what came by itself: then its close ends it, rather than give it back.
pub(super) fn not_if_the_client_is_the_server<T: Target>(target: &T) -> Checked {
    let observer = Session::open(target)?;
    let account = Account::open(&observer)?;
    let both = Session::open(target)?;
    let theirs = observer.pend(1)?;
    let own = both.pend(2)?;
    both.claim()?;
    both.claim()?;
    both.close();
    observer.ended(&own, status::CANCELLED)?;
    observer.until_pending(1)?;
    let change = Change {
        pended: 2,
        flushed: 1,
        pending: 1,
        ..Change::default()
    };
    account.changed_by(&observer, change)?;
    completed_in_order(&observer, &[1])?;
    observer.ended(&theirs, status::SUCCESS)?;
    Ok(())
}

pub(super) fn by_the_death_of_a_process<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::Process)?;
    let client = Session::open(target)?;
    let account = Account::open(&client)?;
    let requests = client.pend_each(0..5)?;
    let process = match target.start_server(3) {
        Ok(process) => process,
        Err(sentence) => return expect::failed("a server process", "one", sentence),
    };
    let mut change = Change {
        pended: 5,
        pending: 2,
        claimed: 3,
        ..Change::default()
    };
    account.changed_by(&client, change)?;
    target.kill(process);
    client.until_pending(5)?;
    (change.pending, change.claimed) = (5, 0);
    account.changed_by(&client, change)?;
    completed_in_order(&client, &[0, 1, 2, 3, 4])?;
    client.all_ended(&requests, status::SUCCESS)
}
