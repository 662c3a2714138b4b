//! Processes: what the kernel does to the requests of one that dies.

use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Capability, Target};
use csq_protocol::status;

pub(super) fn killed_with_requests_pending<T: Target>(target: &T) -> Checked {
    const THEIRS: usize = 5;
    expect::capable(target, Capability::Process)?;
    let observer = Session::open(target)?;
    let mine = observer.pend(1)?;
    let before = observer.statistics()?;
    let process = match target.start_process(THEIRS) {
        Ok(process) => process,
        Err(sentence) => return expect::failed("a second process", "one", sentence),
    };
    let pending = observer.statistics()?.pending.get();
    expect::equal(
        "requests pending with the process",
        1 + THEIRS as u64,
        pending,
    )?;
    observer.still_pending("a request of the process that lives", &mine)?;
    target.kill(process);
    observer.until_pending(1)?;
    observer.still_pending("a request of the process that lives", &mine)?;
    let after = observer.statistics()?;
    // The kernel ends them with the threads or with the handle, whichever goes first.
    let ended =
        after.canceled.get() + after.flushed.get() - before.canceled.get() - before.flushed.get();
    expect::equal("requests canceled or flushed", THEIRS as u64, ended)?;
    expect::equal("requests completed", before.completed, after.completed)?;
    observer.complete_next(&[])?;
    observer.ended(&mine, status::SUCCESS)?;
    Ok(())
}
