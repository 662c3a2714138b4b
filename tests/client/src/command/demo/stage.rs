//! Where the demonstration plays: notes what happens, when, and whether it is as it must be.

use crate::account::Account;
use crate::checks::Checks;
use crate::device::{Client, Request, Waited};
use crate::output::Output;
use crate::text::{milliseconds, payload};
use crate::timeline::{IrpId, Timeline, Way};
use crate::{Error, ntstatus};
use behaviors::account::Change;
use csq_protocol::wire::Statistics;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Notes of the demonstration so far.
pub(super) struct Stage {
    pub(super) timeline: Timeline,
    pub(super) checks: Checks,
    pub(super) account: Account,
    output: Output,
    since: Instant,
}

/// A request and its number in the timeline.
pub(super) struct Actor {
    pub(super) irp: IrpId,
    pub(super) request: Request,
}

impl Stage {
    pub(super) fn new(output: Output) -> Self {
        Self {
            timeline: Timeline::default(),
            checks: Checks::default(),
            account: Account::default(),
            output,
            since: Instant::now(),
        }
    }

    /// Announces what is done next.
    pub(super) fn act(&mut self, what: &str) {
        let at = self.since.elapsed();
        let number = self.timeline.act(at, what) + 1;
        self.output
            .say(format_args!("{number:>3} {:>10}  {what}", milliseconds(at)));
    }

    /// Notes a request that has just been pended.
    pub(super) fn pended(&mut self, by: &str, request: Request) -> Actor {
        let irp = self.timeline.pended(self.since.elapsed(), by);
        Actor { irp, request }
    }

    /// Waits until requests have ended and checks how.
    pub(super) fn ended(&mut self, actors: &[Actor], way: Way, by: &str, expected: u32) {
        let expected = ntstatus::name(expected);
        for actor in actors {
            let what = format!("the status of IRP {}", actor.irp + 1);
            let (name, text) = match actor.request.wait(LIMIT) {
                Waited::Ended(answer) => {
                    let name = ntstatus::name(answer.status);
                    let text = match answer.returned() {
                        [] => name.clone(),
                        bytes => format!("{name} {}", payload(bytes)),
                    };
                    (name, text)
                }
                Waited::Untold => ("not told by this host".to_owned(), "not told".to_owned()),
                Waited::TimedOut => {
                    self.checks
                        .equal(what, &expected, &"still pending".to_owned());
                    continue;
                }
            };
            self.timeline
                .ended(actor.irp, self.since.elapsed(), way, by, text);
            self.checks.equal(what, &expected, &name);
        }
    }

    /// Notes a request that another process has pended.
    pub(super) fn note_unseen(&mut self, by: &str) -> IrpId {
        self.timeline.pended(self.since.elapsed(), by)
    }

    /// Notes that a request ended which nobody can see any more.
    pub(super) fn ended_unseen(&mut self, irp: IrpId, way: Way, by: &str, status: &str) {
        self.timeline
            .ended(irp, self.since.elapsed(), way, by, status);
    }

    /// Checks what the driver's account says has happened since `before`.
    pub(super) fn counted(
        &mut self,
        client: &Client,
        before: &Statistics,
        expected: Change,
    ) -> Result<(), Error> {
        let after = client.statistics()?;
        let act = self.timeline.acts.len();
        self.checks.equal(
            format!("what the account says of act {act}"),
            &expected,
            &Change::between(before, &after),
        );
        Ok(())
    }

    /// Waits until so many requests are pending.
    pub(super) fn until_pending(&mut self, client: &Client, count: u64) -> Result<(), Error> {
        let since = Instant::now();
        loop {
            let pending = client.statistics()?.pending.get();
            if pending == count || since.elapsed() > LIMIT {
                self.checks.equal("requests pending", &count, &pending);
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}
