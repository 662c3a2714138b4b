//! Two go for one request: who has won, which all of them must tell alike (INV-52).

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Answer, Target};
use csq_protocol::status;

/// The payload of who completes it.
pub(super) const PAYLOAD: &[u8] = b"won";

/// How a request ends that is not completed: with which status, and how that is counted.
pub(super) struct Loss {
    pub(super) status: u32,
    pub(super) change: Change,
}

/// It was canceled.
pub(super) const CANCELED: Loss = Loss {
    status: status::CANCELLED,
    change: Change {
        pended: 1,
        canceled: 1,
        ..Change::NONE
    },
};

/// Its time was over.
pub(super) const TIMED_OUT: Loss = Loss {
    status: status::IO_TIMEOUT,
    change: Change {
        pended: 1,
        timed_out: 1,
        ..Change::NONE
    },
};

/// Its handle was closed.
pub(super) const FLUSHED: Loss = Loss {
    status: status::CANCELLED,
    change: Change {
        pended: 1,
        flushed: 1,
        ..Change::NONE
    },
};

/// It was completed.
pub(super) const COMPLETED: Change = Change {
    pended: 1,
    completed: 1,
    ..Change::NONE
};

/// The answer to who tried to complete it, the request's end and the account must tell of the same winner.
pub(super) fn settle<T: Target>(
    session: &Session<'_, T>,
    account: &Account,
    completion: &Answer,
    ended: &Answer,
    loss: &Loss,
) -> Checked {
    let (expected, payload) = if completion.status == status::SUCCESS {
        (status::SUCCESS, PAYLOAD)
    } else {
        let what = "who lost the request";
        expect::status(what, status::NOT_FOUND, completion.status)?;
        (loss.status, &[][..])
    };
    expect::status("the request's end", expected, ended.status)?;
    let seen = ended.output.get(..ended.information);
    expect::equal("its payload", Some(payload), seen)?;
    account.changed_by(session, counted(completion, loss))
}

/// What the account must say, given what the completer was told.
pub(super) const fn counted(completion: &Answer, loss: &Loss) -> Change {
    if completion.status == status::SUCCESS {
        COMPLETED
    } else {
        loss.change
    }
}
