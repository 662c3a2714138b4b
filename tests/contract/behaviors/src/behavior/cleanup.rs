//! Closing handles: `IRP_MJ_CLEANUP` ends what came through them, and nothing else.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::status;
use csq_protocol::wire::scope;

pub(super) fn ends_its_own<T: Target>(target: &T) -> Checked {
    let observer = Session::open(target)?;
    let account = Account::open(&observer)?;
    let closing = Session::open(target)?;
    let requests = closing.pend_each(0..4)?;
    closing.close();
    observer.all_ended(&requests, status::CANCELLED)?;
    account.changed_by(
        &observer,
        Change {
            pended: 4,
            flushed: 4,
            ..Change::default()
        },
    )
}

pub(super) fn leaves_other_handles_alone<T: Target>(target: &T) -> Checked {
    let staying = Session::open(target)?;
    let closing = Session::open(target)?;
    let account = Account::open(&staying)?;
    // Turn by turn, so that the ones to flush stand before, between and behind the others.
    let mut ended = vec![closing.pend(0)?];
    let mut kept = Vec::new();
    for tag in 1..4 {
        kept.push(staying.pend(tag)?);
        ended.push(closing.pend(10 + tag)?);
    }
    closing.close();
    staying.all_ended(&ended, status::CANCELLED)?;
    for request in &kept {
        staying.still_pending("a request of the handle that stays", request)?;
    }
    account.changed_by(
        &staying,
        Change {
            pended: 7,
            flushed: 4,
            pending: 3,
            ..Change::default()
        },
    )?;
    for (tag, request) in (1..).zip(&kept) {
        let completed = staying.complete_next(&[])?;
        expect::equal("the order of those that stay", tag, completed.tag.get())?;
        staying.ended(request, status::SUCCESS)?;
    }
    Ok(())
}

pub(super) fn only_the_last_of_duplicates<T: Target>(target: &T) -> Checked {
    let observer = Session::open(target)?;
    let account = Account::open(&observer)?;
    let first = Session::open(target)?;
    let second = first.duplicate()?;
    let requests = [first.pend(1)?, second.pend(2)?];
    first.close();
    for request in &requests {
        observer.still_pending("a request whose file object has a handle left", request)?;
    }
    account.changed_by(
        &observer,
        Change {
            pended: 2,
            pending: 2,
            ..Change::default()
        },
    )?;
    second.close();
    observer.all_ended(&requests, status::CANCELLED)?;
    account.changed_by(
        &observer,
        Change {
            pended: 2,
            flushed: 2,
            ..Change::default()
        },
    )
}

pub(super) fn duplicates_own_together<T: Target>(target: &T) -> Checked {
    let first = Session::open(target)?;
    let second = first.duplicate()?;
    let requests = [first.pend(1)?, second.pend(2)?];
    expect::equal(
        "CANCEL of all by a duplicate",
        2,
        second.cancel(scope::ALL, 0)?,
    )?;
    first.all_ended(&requests, status::CANCELLED)
}

pub(super) fn idle_changes_nothing<T: Target>(target: &T) -> Checked {
    let observer = Session::open(target)?;
    let account = Account::open(&observer)?;
    let request = observer.pend(1)?;
    for _ in 0..3 {
        let idle = Session::open(target)?;
        idle.statistics()?;
        idle.close();
    }
    observer.still_pending("a request of another handle", &request)?;
    account.changed_by(
        &observer,
        Change {
            pended: 1,
            pending: 1,
            ..Change::default()
        },
    )?;
    observer.complete_next(&[])?;
    observer.ended(&request, status::SUCCESS)?;
    Ok(())
}

pub(super) fn handles_are_counted<T: Target>(target: &T) -> Checked {
    let observer = Session::open(target)?;
    expect::equal("handles", 1, observer.statistics()?.handles.get())?;
    let second = Session::open(target)?;
    let third = second.duplicate()?;
    // Duplicates share a file object, which is what the driver sees.
    expect::equal("handles", 2, observer.statistics()?.handles.get())?;
    second.close();
    expect::equal("handles", 2, observer.statistics()?.handles.get())?;
    third.close();
    let mut last = 0;
    target.wait_until(&mut || {
        last = observer
            .statistics()
            .map_or(0, |statistics| statistics.handles.get());
        last == 1
    });
    expect::equal("handles in the end", 1, last)
}
