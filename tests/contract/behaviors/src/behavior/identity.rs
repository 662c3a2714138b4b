//! Ids and what else the driver tells: unique, and nothing about the kernel's insides.

use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::status;
use csq_protocol::wire::scope;
use std::collections::BTreeSet;

/// The lowest address of the kernel's half on x64 and ARM64.
const KERNEL_HALF: u64 = 0xffff_0000_0000_0000;

pub(super) fn ids_never_repeat<T: Target>(target: &T) -> Checked {
    const ROUNDS: usize = 24;
    let session = Session::open(target)?;
    let other = Session::open(target)?;
    let mut ids = BTreeSet::new();
    for _ in 0..ROUNDS {
        // Places in the driver's tables are left by cancellation as well as by completion.
        let canceled = session.pend(0)?;
        let requests = [session.pend(1)?, other.pend(1)?];
        expect::equal("CANCEL of tag 0", 1, session.cancel(scope::TAG, 0)?)?;
        session.ended(&canceled, status::CANCELLED)?;
        for _ in &requests {
            let id = session.complete_next(&[])?.id.get();
            expect::holds("an id is never used twice", ids.insert(id), || {
                format!("{id:#x} again")
            })?;
        }
        session.all_ended(&requests, status::SUCCESS)?;
    }
    expect::equal("how many ids there were", 2 * ROUNDS, ids.len())
}

pub(super) fn no_kernel_addresses<T: Target>(target: &T) -> Checked {
    const ROUNDS: u64 = 8;
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    for tag in 0..ROUNDS {
        let request = session.pend(tag)?;
        let id = session.complete_next(&[])?.id.get();
        session.ended(&request, status::SUCCESS)?;
        not_an_address("Completed.id", id)?;
    }
    // The counts that are looked at must be alive.
    let change = Change {
        pended: ROUNDS.into(),
        completed: ROUNDS.into(),
        ..Change::default()
    };
    account.changed_by(&session, change)?;
    let statistics = session.statistics()?;
    let fields = [
        statistics.pended,
        statistics.completed,
        statistics.canceled,
        statistics.timed_out,
        statistics.flushed,
        statistics.pending,
        statistics.claimed,
        statistics.high_water,
        statistics.handles,
        statistics.refused,
        statistics.waiting,
    ];
    for field in fields {
        not_an_address("a count of the account", field.get())?;
    }
    Ok(())
}

fn not_an_address(what: &str, value: u64) -> Checked {
    expect::holds(
        &format!("{what} is not an address of the kernel"),
        value < KERNEL_HALF,
        || format!("{value:#x}"),
    )
}
