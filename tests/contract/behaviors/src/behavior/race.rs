//! Races: two threads go for one request, and exactly one of them gets it (INV-52).

use crate::account::Account;
use crate::behavior::winner::{CANCELED, COMPLETED, FLUSHED, PAYLOAD, counted, settle};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Ending, Target};
use csq_protocol::status;
use csq_protocol::wire::scope;

pub(super) fn cancel_and_complete<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let (completion, canceled) = target.beside(
            || server.try_complete_next(PAYLOAD),
            || target.cancel(&request),
        );
        expect::status_of(
            "CancelIoEx",
            &[status::SUCCESS, status::NOT_FOUND],
            canceled,
        )?;
        let ended = client.ending(&request)?;
        settle(&client, &account, &completion?, &ended, &CANCELED)?;
    }
    Ok(())
}

pub(super) fn cancel_ioctl_and_complete<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let (completion, canceled) = target.beside(
            || server.try_complete_next(PAYLOAD),
            || client.try_cancel(scope::TAG, 1),
        );
        let completion = completion?;
        let expected = match completion.status {
            status::SUCCESS => status::NOT_FOUND,
            _ => status::SUCCESS,
        };
        expect::status("CANCEL against COMPLETE_NEXT", expected, canceled?.status)?;
        let ended = client.ending(&request)?;
        settle(&client, &account, &completion, &ended, &CANCELED)?;
    }
    Ok(())
}

pub(super) fn close_and_complete<T: Target>(target: &T) -> Checked {
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&server)?;
        let closing = Session::open(target)?;
        let request = closing.pend(1)?;
        let (completion, ()) =
            target.beside(|| server.try_complete_next(PAYLOAD), || closing.close());
        let ended = server.ending(&request)?;
        settle(&server, &account, &completion?, &ended, &FLUSHED)?;
    }
    Ok(())
}

pub(super) fn two_completers<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let servers = [Session::open(target)?, Session::open(target)?];
    let [first, second] = &servers;
    for _ in 0..target.rounds() {
        let account = Account::open(&client)?;
        let request = client.pend(1)?;
        let (one, other) = target.beside(
            || first.try_complete_next(PAYLOAD),
            || second.try_complete_next(PAYLOAD),
        );
        let mut both = [one?.status, other?.status];
        both.sort_unstable();
        let one_each = [status::SUCCESS, status::NOT_FOUND];
        expect::equal("what two completers of one request get", one_each, both)?;
        client.ended(&request, status::SUCCESS)?;
        account.changed_by(&client, COMPLETED)?;
    }
    Ok(())
}

pub(super) fn end_of_thread_and_complete<T: Target>(target: &T) -> Checked {
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    for _ in 0..target.rounds() {
        let account = Account::open(&server)?;
        let (request, completion) =
            target.beside(|| client.pend(1), || server.try_complete_next(PAYLOAD));
        let (request, completion) = (request?, completion?);
        server.until_pending(0)?;
        match target.wait(&request) {
            Ending::Answer(answer) => settle(&server, &account, &completion, &answer, &CANCELED)?,
            Ending::Untold => account.changed_by(&server, counted(&completion, &CANCELED))?,
            Ending::Never => return expect::failed("the request", "to end", "no end"),
        }
    }
    Ok(())
}
