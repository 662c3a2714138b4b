//! Claimed requests: they can still be ended, and the server finds out when it answers.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Capability, Target};
use csq_protocol::status;
use csq_protocol::wire::scope;

/// A client with two requests, of which a server has claimed the first.
struct Served<'t, T: Target> {
    client: Session<'t, T>,
    server: Session<'t, T>,
    account: Account,
    claimed: T::Request,
    pending: T::Request,
    id: u64,
}

impl<'t, T: Target> Served<'t, T> {
    fn new(target: &'t T) -> Checked<Self> {
        let client = Session::open(target)?;
        let server = Session::open(target)?;
        let account = Account::open(&server)?;
        let claimed = client.pend(1)?;
        let pending = client.pend(2)?;
        let id = server.claim()?.id;
        Ok(Self {
            client,
            server,
            account,
            claimed,
            pending,
            id,
        })
    }

    /// The claimed request was canceled, and nothing else.
    fn claimed_was_canceled(self) -> Checked {
        self.server.ended(&self.claimed, status::CANCELLED)?;
        let canceled = Change {
            pended: 2,
            canceled: 1,
            pending: 1,
            ..Change::default()
        };
        self.account.changed_by(&self.server, canceled)?;
        self.server
            .complete_finds_nothing("a claim that was canceled", self.id)?;
        self.account.changed_by(&self.server, canceled)?;
        let what = "the request that is not claimed";
        self.server.still_pending(what, &self.pending)?;
        let completed = self.server.complete_next(&[])?;
        expect::equal("its tag", 2, completed.tag.get())?;
        self.server.ended(&self.pending, status::SUCCESS)?;
        Ok(())
    }

    /// Both requests were canceled, and counted so.
    fn both_ended(&self, change: Change) -> Checked {
        let both = [&self.claimed, &self.pending];
        self.server.all_ended(both, status::CANCELLED)?;
        self.server
            .complete_finds_nothing("a claim that was canceled", self.id)?;
        self.account.changed_by(&self.server, change)
    }
}

/// Both requests, counted as canceled.
const CANCELED: Change = Change {
    pended: 2,
    canceled: 2,
    ..Change::NONE
};

/// Both requests, counted as flushed.
const FLUSHED: Change = Change {
    pended: 2,
    flushed: 2,
    ..Change::NONE
};

pub(super) fn canceled_by_cancel_io_ex<T: Target>(target: &T) -> Checked {
    let served = Served::new(target)?;
    let canceled = target.cancel(&served.claimed);
    expect::status("CancelIoEx of a claimed request", status::SUCCESS, canceled)?;
    served.claimed_was_canceled()
}

pub(super) fn canceled_by_its_id<T: Target>(target: &T) -> Checked {
    let served = Served::new(target)?;
    let count = served.client.cancel(scope::ID, served.id)?;
    expect::equal("CANCEL by id", 1, count)?;
    served
        .client
        .cancel_finds_nothing("it again", scope::ID, served.id)?;
    served.claimed_was_canceled()
}

pub(super) fn canceled_by_its_tag<T: Target>(target: &T) -> Checked {
    let served = Served::new(target)?;
    expect::equal("CANCEL of tag 1", 1, served.client.cancel(scope::TAG, 1)?)?;
    served.claimed_was_canceled()
}

pub(super) fn canceled_with_all<T: Target>(target: &T) -> Checked {
    let served = Served::new(target)?;
    expect::equal("CANCEL of all", 2, served.client.cancel(scope::ALL, 0)?)?;
    served.both_ended(CANCELED)?;
    served
        .client
        .cancel_finds_nothing("all again", scope::ALL, 0)
}

pub(super) fn canceled_with_the_handle<T: Target>(target: &T) -> Checked {
    let served = Served::new(target)?;
    let canceled = target.cancel_handle(served.client.handle());
    expect::status("CancelIoEx for a handle", status::SUCCESS, canceled)?;
    served.both_ended(CANCELED)
}

pub(super) fn flushed_with_its_handle<T: Target>(target: &T) -> Checked {
    let served = Served::new(target)?;
    let Served {
        client,
        server,
        account,
        claimed,
        pending,
        id,
    } = served;
    client.close();
    server.all_ended([&claimed, &pending], status::CANCELLED)?;
    server.complete_finds_nothing("a claim whose client has gone", id)?;
    account.changed_by(&server, FLUSHED)
}

pub(super) fn not_by_another_handle<T: Target>(target: &T) -> Checked {
    let served = Served::new(target)?;
    let stranger = Session::open(target)?;
    let before = Account::open(&served.server)?;
    for session in [&served.server, &stranger] {
        session.cancel_finds_nothing("what others own", scope::ID, served.id)?;
        session.cancel_finds_nothing("what others own", scope::TAG, 1)?;
        session.cancel_finds_nothing("what others own", scope::ALL, 0)?;
    }
    before.unchanged("canceling what others own", &served.server)?;
    let what = "a claimed request that only others canceled";
    served.server.still_pending(what, &served.claimed)?;
    served.server.complete(served.id, status::SUCCESS, &[])?;
    served.server.complete_next(&[])?;
    let both = [&served.claimed, &served.pending];
    served.server.all_ended(both, status::SUCCESS)
}

pub(super) fn end_with_their_process<T: Target>(target: &T) -> Checked {
    const THEIRS: usize = 3;
    expect::capable(target, Capability::Process)?;
    let server = Session::open(target)?;
    let before = server.statistics()?;
    let process = match target.start_process(THEIRS) {
        Ok(process) => process,
        Err(sentence) => return expect::failed("a second process", "one", sentence),
    };
    let ids = [server.claim()?.id, server.claim()?.id];
    target.kill(process);
    server.until("no request is left", |statistics| {
        statistics.pending.get() + statistics.claimed.get() == 0
    })?;
    for id in ids {
        server.complete_finds_nothing("a claim whose client was killed", id)?;
    }
    let after = server.statistics()?;
    let ended =
        after.canceled.get() + after.flushed.get() - before.canceled.get() - before.flushed.get();
    expect::equal("requests canceled or flushed", THEIRS as u64, ended)?;
    expect::equal("requests completed", before.completed, after.completed)
}
