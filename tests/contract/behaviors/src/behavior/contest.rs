//! Races about claimed requests: two threads go for one, and all agree who won (INV-52).

use crate::account::{Account, Change};
use crate::behavior::winner::{CANCELED, COMPLETED, FLUSHED, PAYLOAD, TIMED_OUT, settle};
use crate::expect;
use crate::outcome::Checked;
use crate::session::{Session, claimed};
use crate::target::{Answer, Target};
use csq_protocol::status;
use csq_protocol::wire::scope;

pub(super) fn complete_and_cancel<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let id = server.claim()?.id;
        let (completion, canceled) = target.beside(
            || server.try_complete(id, status::SUCCESS, PAYLOAD),
            || target.cancel(&request),
        );
        let found = [status::SUCCESS, status::NOT_FOUND];
        expect::status_of("CancelIoEx", &found, canceled)?;
        let ended = client.ending(&request)?;
        settle(&client, &account, &completion?, &ended, &CANCELED)?;
    }
    Ok(())
}

pub(super) fn complete_and_cancel_by_id<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let id = server.claim()?.id;
        let (completion, canceled) = target.beside(
            || server.try_complete(id, status::SUCCESS, PAYLOAD),
            || client.try_cancel(scope::ID, id),
        );
        let completion = completion?;
        let expected = match completion.status {
            status::SUCCESS => status::NOT_FOUND,
            _ => status::SUCCESS,
        };
        expect::status("CANCEL against COMPLETE", expected, canceled?.status)?;
        let ended = client.ending(&request)?;
        settle(&client, &account, &completion, &ended, &CANCELED)?;
    }
    Ok(())
}

pub(super) fn complete_and_close<T: Target>(target: &T) -> Checked {
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&server)?;
        let closing = Session::open(target)?;
        let request = closing.pend(1)?;
        let id = server.claim()?.id;
        let (completion, ()) = target.beside(
            || server.try_complete(id, status::SUCCESS, PAYLOAD),
            || closing.close(),
        );
        let ended = server.ending(&request)?;
        settle(&server, &account, &completion?, &ended, &FLUSHED)?;
    }
    Ok(())
}

/// The timeouts differ so that, on a host with a clock, some are over before and some after.
pub(super) fn complete_and_timeout<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for timeout in (1..4).cycle().take(target.rounds()) {
        let account = Account::open(&client)?;
        let request = client.pend_timed(1, timeout)?;
        let (completion, ended) =
            target.beside(|| complete_oldest(&server), || client.ending(&request));
        settle(&client, &account, &completion?, &ended?, &TIMED_OUT)?;
    }
    Ok(())
}

/// `CLAIM` and `COMPLETE`; `NOT_FOUND` if there is nothing to claim any more.
fn complete_oldest<T: Target>(server: &Session<'_, T>) -> Checked<Answer> {
    let answer = server.try_claim()?;
    if answer.status == status::NOT_FOUND {
        return Ok(answer);
    }
    let id = claimed(&answer)?.id;
    server.try_complete(id, status::SUCCESS, PAYLOAD)
}

pub(super) fn cancel_and_timeout<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    for timeout in (1..4).cycle().take(target.rounds()) {
        let account = Account::open(&client)?;
        let request = client.pend_timed(1, timeout)?;
        let (canceled, ended) = target.beside(
            || client.try_cancel(scope::ALL, 0),
            || client.ending(&request),
        );
        let loss = match canceled?.status {
            status::SUCCESS => CANCELED,
            _ => TIMED_OUT,
        };
        expect::status("the request's end", loss.status, ended?.status)?;
        account.changed_by(&client, loss.change)?;
    }
    Ok(())
}

/// A cancellation is never lost, whether it finds the request pending, claimed or in between.
pub(super) fn claim_and_cancel<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let (claim, canceled) =
            target.beside(|| server.try_claim(), || client.try_cancel(scope::TAG, 1));
        expect::status("CANCEL of it", status::SUCCESS, canceled?.status)?;
        client.ended(&request, status::CANCELLED)?;
        let claim = claim?;
        if claim.status == status::SUCCESS {
            let id = claimed(&claim)?.id;
            server.complete_finds_nothing("a claim that was canceled", id)?;
        } else {
            expect::status("CLAIM that lost", status::NOT_FOUND, claim.status)?;
        }
        account.changed_by(&client, CANCELED.change)?;
    }
    Ok(())
}

pub(super) fn two_claims<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let servers = [Session::open(target)?, Session::open(target)?];
    let [first, second] = &servers;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let (one, other) = target.beside(|| complete_oldest(first), || complete_oldest(second));
        let mut both = [one?.status, other?.status];
        both.sort_unstable();
        let one_each = [status::SUCCESS, status::NOT_FOUND];
        expect::equal("what two servers of one request get", one_each, both)?;
        client.ended(&request, status::SUCCESS)?;
        account.changed_by(&client, COMPLETED)?;
    }
    Ok(())
}

/// The request goes back to pending or straight to the other server, and is never lost.
pub(super) fn server_close_and_claim<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let other = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let closing = Session::open(target)?;
        let id = closing.claim()?.id;
        let (claim, ()) = target.beside(|| other.await_claim(), || closing.close());
        expect::equal("the id of the request that came back", id, claim?.id)?;
        other.complete(id, status::SUCCESS, &[])?;
        client.ended(&request, status::SUCCESS)?;
        account.changed_by(&client, COMPLETED)?;
    }
    Ok(())
}

/// A request that is on its way back is still its owner's to cancel.
pub(super) fn server_close_and_cancel<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let requests = client.pend_each([1, 1])?;
        let closing = Session::open(target)?;
        closing.claim()?;
        closing.claim()?;
        let (canceled, ()) = target.beside(|| client.try_cancel(scope::TAG, 1), || closing.close());
        expect::status("CANCEL of both", status::SUCCESS, canceled?.status)?;
        client.all_ended(&requests, status::CANCELLED)?;
        let change = Change {
            pended: 2,
            canceled: 2,
            ..Change::default()
        };
        account.changed_by(&client, change)?;
    }
    Ok(())
}

/// Either the claim got the request before it was canceled, or the request is still pending.
pub(super) fn cancel_of_a_claim_and_pend<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let claim = server.claim_waiting()?;
        // The thread that pends must live until the request has ended.
        let (canceled, request) = target.beside(|| target.cancel(&claim), || client.pend(1));
        let request = request?;
        let found = [status::SUCCESS, status::NOT_FOUND];
        expect::status_of("CancelIoEx of a claim", &found, canceled)?;
        let answer = server.ending(&claim)?;
        if answer.status == status::SUCCESS {
            let id = claimed(&answer)?.id;
            server.complete(id, status::SUCCESS, &[])?;
        } else {
            expect::status("the claim's end", status::CANCELLED, answer.status)?;
            server.complete_next(&[])?;
        }
        client.ended(&request, status::SUCCESS)?;
        account.changed_by(&client, COMPLETED)?;
    }
    Ok(())
}
