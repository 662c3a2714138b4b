//! Which cache lines a request makes the driver touch, counted: what a deep queue costs, without a clock.
//!
//! With few requests pending, all that a driver touches is in the nearest cache. With many, what belongs to a request that
//! came long ago is not: each such line is a miss. So what counts is how many lines an operation touches that no
//! operation has touched shortly before.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use anyhow::{Result, ensure};
use csq_protocol::status::{PENDING, SUCCESS};
use ntsim::native::Requests;
use ntsim::native::count::{LINE, count};
use serde::Serialize;

use crate::driver::{self, Subject, claimed_id, complete_input};

/// How many requests are pending meanwhile.
const PENDING_REQUESTS: usize = 1000;
/// How often each operation is done.
const ROUNDS: usize = 64;
/// The first rounds are not counted: what all operations share is touched there.
const WARM: usize = 8;

/// The cache lines of one operation, on average.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Lines {
    /// The driver.
    pub driver: String,
    /// What was done.
    pub path: &'static str,
    /// Of the request that comes, is ended or is given away: its IRP, stack locations and buffer.
    pub request: f64,
    /// Of other requests: those before and after it in a list.
    pub neighbors: f64,
    /// The driver's own, which the operation before has touched, too.
    pub shared: f64,
    /// The driver's own, which no operation has touched in all rounds before.
    pub fresh: f64,
}

/// The most lines of neighbors and fresh ones together, by operation: what comes from memory when there are very many
/// requests, beside the request itself.
const BUDGETS: [(&str, f64); 5] = [
    ("pend", 3.0),
    ("complete-next", 2.0),
    ("cancel", 4.0),
    ("claim", 3.0),
    ("complete by id", 2.0),
];

/// Lines, and how many operations touched them.
struct Meter<'subject> {
    subject: &'subject Subject,
    lines: Lines,
    seen: BTreeSet<usize>,
    last: BTreeSet<usize>,
    rounds: usize,
}

impl<'subject> Meter<'subject> {
    fn new(subject: &'subject Subject, path: &'static str) -> Self {
        let lines = Lines {
            driver: subject.name.clone(),
            path,
            ..Lines::default()
        };
        Self {
            subject,
            lines,
            seen: BTreeSet::new(),
            last: BTreeSet::new(),
            rounds: 0,
        }
    }

    /// Does `work` with request `index` of `all`, sent by `sender`, whose own lines do not count.
    fn round(
        &mut self,
        (all, index): (&Requests<'_>, usize),
        sender: Range<usize>,
        work: impl FnOnce() -> bool,
    ) -> Result<()> {
        let mut worked = false;
        let touched = count(self.subject.driver(), || worked = work()).lines;
        let Lines { driver, path, .. } = &self.lines;
        ensure!(worked, "{driver}: {path} failed");
        let is_in = |place: Range<usize>, line: usize| {
            (place.start / LINE..place.end.div_ceil(LINE)).contains(&line)
        };
        let everyone = all.place(0).start..all.place(all.len() - 1).end;
        let counts = self.rounds >= WARM;
        let mut own = BTreeSet::new();
        for line in touched {
            if is_in(sender.clone(), line) {
                continue;
            }
            let place = if is_in(all.place(index), line) {
                &mut self.lines.request
            } else if is_in(everyone.clone(), line) {
                &mut self.lines.neighbors
            } else {
                own.insert(line);
                if !self.seen.contains(&line) {
                    &mut self.lines.fresh
                } else if self.last.contains(&line) {
                    &mut self.lines.shared
                } else {
                    continue;
                }
            };
            if counts {
                *place += 1.0;
            }
        }
        self.seen.extend(&own);
        self.last = own;
        self.rounds += 1;
        Ok(())
    }

    fn end(mut self) -> Lines {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let rounds = (self.rounds - WARM) as f64;
        let Lines {
            request,
            neighbors,
            shared,
            fresh,
            ..
        } = &mut self.lines;
        for sum in [request, neighbors, shared, fresh] {
            *sum /= rounds;
        }
        self.lines
    }
}

/// Counts all operations of a driver.
///
/// # Errors
/// It does not do what was asked.
pub fn measure(subject: &Subject) -> Result<Vec<Lines>> {
    let (client, server) = (subject.open()?, subject.open()?);
    let all = driver::pend(&client, PENDING_REQUESTS + ROUNDS);
    let mut rows = Vec::new();
    for index in 0..PENDING_REQUESTS {
        ensure!(all.send(index) == PENDING, "a request did not pend");
    }
    let mut pend = Meter::new(subject, "pend");
    for index in PENDING_REQUESTS..all.len() {
        pend.round((&all, index), 0..0, || all.send(index) == PENDING)?;
    }
    rows.push(pend.end());

    let next = driver::complete_next(&server);
    let mut complete_next = Meter::new(subject, "complete-next");
    for index in 0..ROUNDS {
        complete_next.round((&all, index), next.place(0), || next.send(0) == SUCCESS)?;
    }
    rows.push(complete_next.end());

    let mut cancel = Meter::new(subject, "cancel");
    // Far from each other, and none a neighbor of another.
    let far = |round: usize| 2 * ROUNDS + (round * 7) % (PENDING_REQUESTS - 3 * ROUNDS);
    for round in 0..ROUNDS {
        let index = far(round);
        cancel.round((&all, index), 0..0, || all.cancel(index))?;
    }
    rows.push(cancel.end());

    if subject.claims {
        let claims = driver::claim(&server, ROUNDS);
        let complete = driver::complete(&server);
        let mut claim = Meter::new(subject, "claim");
        let mut by_id = Meter::new(subject, "complete by id");
        let mut ids = Vec::new();
        for round in 0..ROUNDS {
            let index = ROUNDS + round;
            claim.round((&all, index), claims.place(round), || {
                claims.send(round) == SUCCESS
            })?;
            ids.push(claimed_id(&claims, round)?);
        }
        for (round, id) in ids.into_iter().enumerate() {
            let input = complete_input(id);
            by_id.round((&all, ROUNDS + round), complete.place(0), || {
                complete.send_with(0, &input) == SUCCESS
            })?;
        }
        rows.extend([claim.end(), by_id.end()]);
    }
    client.cleanup();
    ensure!(all.outstanding() == 0, "cleanup left requests");
    Ok(rows)
}

/// What is over its budget, a sentence for each.
pub fn over_budget(rows: &[Lines]) -> Vec<String> {
    let mut over = Vec::new();
    for Lines {
        path,
        neighbors,
        fresh,
        ..
    } in rows
    {
        let most = BUDGETS
            .iter()
            .find(|it| it.0 == *path)
            .map_or(0.0, |it| it.1);
        let lines = neighbors + fresh;
        if lines > most + 0.05 {
            over.push(format!(
                "{path}: {lines:.2} cache lines beside the request's own and what is shared, at most {most}"
            ));
        }
    }
    over
}

/// Writes the rows as a Markdown table.
pub fn table(rows: &[Lines], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "| driver | cache lines of | the request | its neighbors | the driver, fresh | the driver, shared |\n\
         |---|---|--:|--:|--:|--:|"
    )?;
    for row in rows {
        writeln!(
            f,
            "| {} | {} | {:.1} | {:.1} | {:.1} | {:.1} |",
            row.driver, row.path, row.request, row.neighbors, row.fresh, row.shared
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_kept_up_to_the_last_line() {
        let row = |(path, most): (&'static str, f64), more| Lines {
            path,
            neighbors: 1.0,
            fresh: most - 1.0 + more,
            ..Lines::default()
        };
        for budget in BUDGETS {
            assert_eq!(over_budget(&[row(budget, 0.0)]), Vec::<String>::new());
            assert_eq!(over_budget(&[row(budget, 0.1)]).len(), 1);
        }
    }
}
