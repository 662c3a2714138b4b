//! What deals with many requests in one call: each request costs the same, however many there are, and the lock is
//! never held for longer.
//!
//! Up to a thousand requests are counted instruction by instruction. With 65,536 only the holds of the lock are, at full
//! speed: if none of them becomes longer, so many holds for each request are so much work for each request.

use std::fmt;
use std::path::Path;

use anyhow::{Result, ensure};
use csq_protocol::status::{PENDING, SUCCESS};
use ntsim::native::count::{count, count_holds};
use ntsim::native::{Handle, Requests, pnp};
use serde::Serialize;

use crate::driver::{self, Subject};

/// Numbers of requests with which all is counted. The first is the measure: what an operation costs but for its
/// requests is shared by few there, so with more each costs less.
const COUNTED: [u32; 3] = [16, 128, 1_024];
/// Numbers of requests with which only holds are counted.
const UNCOUNTED: [u32; 2] = [4_096, 65_536];
/// INV-43: the most instructions in one hold of the lock: 64 steps.
const HOLD: usize = 64 * STEP;
/// Instructions of one step. The longest is that of a request that is requeued.
const STEP: usize = 64;

/// One operation with so many requests.
#[derive(Clone, Debug, Serialize)]
pub struct Bulk {
    /// What was done.
    pub path: &'static str,
    /// With how many requests.
    pub requests: u32,
    /// How often the lock was taken.
    pub holds: usize,
    /// Instructions, all and in the longest hold; none if they were not counted.
    pub instructions: Option<(usize, usize)>,
}

/// Does something, counted or not.
type Meter<'a> = &'a dyn Fn(&Subject, &mut dyn FnMut()) -> (usize, Option<(usize, usize)>);
/// An operation with so many requests.
type Operation = fn(&Path, u32, Meter<'_>) -> Result<(usize, Option<(usize, usize)>)>;

const OPERATIONS: [(&str, Operation); 5] = [
    ("cleanup of a server", |driver, requests, meter| {
        server_cleanup(driver, requests, 1, meter)
    }),
    ("cleanup of two servers", |driver, requests, meter| {
        server_cleanup(driver, requests, 2, meter)
    }),
    ("cleanup, half claimed", cleanup_half_claimed),
    ("cancel all", cancel_all),
    ("purge", purge),
];

/// Counts all of them.
///
/// # Errors
/// The driver does not do what was asked.
pub fn measure(driver: &Path) -> Result<Vec<Bulk>> {
    let stepped: Meter<'_> = &|subject, work| {
        let counts = count(subject.driver(), work).counts;
        (
            counts.holds,
            Some((counts.instructions, counts.longest_hold)),
        )
    };
    let at_full_speed: Meter<'_> = &|_, work| (count_holds(work), None);
    let mut bulk = Vec::new();
    for (path, operation) in OPERATIONS {
        let counted = COUNTED.map(|requests| (requests, stepped));
        let uncounted = UNCOUNTED.map(|requests| (requests, at_full_speed));
        for (requests, meter) in counted.into_iter().chain(uncounted) {
            let (holds, instructions) = operation(driver, requests, meter)?;
            bulk.push(Bulk {
                path,
                requests,
                holds,
                instructions,
            });
        }
    }
    Ok(bulk)
}

/// A driver whose device takes so many requests, and no more.
fn start(driver: &Path, requests: u32) -> Result<Subject> {
    Subject::start_limited("csq.sys", driver, (requests, requests))
}

fn pend<'handle>(client: &'handle Handle<'_>, requests: u32) -> Result<Requests<'handle>> {
    let pends = driver::pend(client, requests as usize);
    for index in 0..pends.len() {
        ensure!(pends.send(index) == PENDING, "a request did not pend");
    }
    Ok(pends)
}

/// These handles claim so many requests in turn.
fn claim(servers: &[Handle<'_>], requests: u32) -> Result<()> {
    let claims: Vec<_> = servers
        .iter()
        .map(|server| driver::claim(server, 1))
        .collect();
    for claim in claims.iter().cycle().take(requests as usize) {
        ensure!(claim.send(0) == SUCCESS, "a request was not claimed");
    }
    Ok(())
}

fn server_cleanup(
    driver: &Path,
    requests: u32,
    servers: usize,
    meter: Meter<'_>,
) -> Result<(usize, Option<(usize, usize)>)> {
    let subject = start(driver, requests)?;
    let client = subject.open()?;
    let pends = pend(&client, requests)?;
    let servers: Vec<_> = (0..servers)
        .map(|_| subject.open())
        .collect::<Result<_>>()?;
    claim(&servers, requests)?;
    let counted = meter(&subject, &mut || servers.iter().for_each(Handle::cleanup));
    ensure!(pends.outstanding() == pends.len(), "requests are lost");
    client.cleanup();
    Ok(counted)
}

fn cleanup_half_claimed(
    driver: &Path,
    requests: u32,
    meter: Meter<'_>,
) -> Result<(usize, Option<(usize, usize)>)> {
    let subject = start(driver, requests)?;
    let client = subject.open()?;
    let pends = pend(&client, requests)?;
    let server = [subject.open()?];
    claim(&server, requests / 2)?;
    let counted = meter(&subject, &mut || client.cleanup());
    ensure!(pends.outstanding() == 0, "cleanup left requests");
    Ok(counted)
}

fn cancel_all(
    driver: &Path,
    requests: u32,
    meter: Meter<'_>,
) -> Result<(usize, Option<(usize, usize)>)> {
    let subject = start(driver, requests)?;
    let client = subject.open()?;
    let pends = pend(&client, requests)?;
    let cancel = driver::cancel_all(&client);
    let mut status = PENDING;
    let counted = meter(&subject, &mut || status = cancel.send(0));
    ensure!(
        status == SUCCESS && pends.outstanding() == 0,
        "CANCEL left requests"
    );
    Ok(counted)
}

fn purge(
    driver: &Path,
    requests: u32,
    meter: Meter<'_>,
) -> Result<(usize, Option<(usize, usize)>)> {
    let subject = start(driver, requests)?;
    let client = subject.open()?;
    let pends = pend(&client, requests)?;
    let counted = meter(&subject, &mut || {
        let _ = subject.driver().change(pnp::SURPRISE_REMOVAL);
    });
    ensure!(pends.outstanding() == 0, "removal left requests");
    Ok(counted)
}

/// What costs more with more requests, or holds the lock for too long, a sentence for each.
pub fn over_budget(bulk: &[Bulk]) -> Vec<String> {
    let mut over = Vec::new();
    for row in bulk {
        let Bulk { path, requests, .. } = row;
        if let Some((_, hold)) = row.instructions
            && hold > HOLD
        {
            over.push(format!(
                "{path} of {requests} requests: {hold} instructions in one hold of the lock, at most {HOLD}"
            ));
        }
        let Some(first) = bulk.iter().find(|it| it.path == *path) else {
            continue;
        };
        // For each request, without a fraction.
        let is_more = |value: usize, measure: usize| {
            value * first.requests as usize > measure * *requests as usize
        };
        if is_more(row.holds, first.holds) {
            over.push(format!(
                "{path}: {} holds of the lock with {requests} requests, but {} with {}",
                row.holds, first.holds, first.requests
            ));
        }
        if let (Some((value, _)), Some((measure, _))) = (row.instructions, first.instructions)
            && is_more(value, measure)
        {
            over.push(format!(
                "{path}: {value} instructions with {requests} requests, but {measure} with {}",
                first.requests
            ));
        }
    }
    over
}

/// Writes them as a Markdown table.
pub fn table(bulk: &[Bulk], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "| csq.sys | requests | holds | for each request | instructions for each | in the longest hold |\n\
         |---|--:|--:|--:|--:|--:|"
    )?;
    for row in bulk {
        let each = |value: usize| ratio(value, row.requests);
        let (instructions, hold) = row.instructions.map_or_else(
            || (String::new(), String::new()),
            |(all, hold)| (format!("{:.1}", each(all)), hold.to_string()),
        );
        writeln!(
            f,
            "| {} | {} | {} | {:.3} | {instructions} | {hold} |",
            row.path,
            row.requests,
            row.holds,
            each(row.holds)
        )?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn ratio(value: usize, requests: u32) -> f64 {
    value as f64 / f64::from(requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(requests: u32, holds: usize, instructions: Option<(usize, usize)>) -> Bulk {
        Bulk {
            path: "purge",
            requests,
            holds,
            instructions,
        }
    }

    #[test]
    fn what_is_linear_is_within_the_budget() {
        let rows = [
            row(16, 2, Some((1600, HOLD))),
            row(128, 16, Some((12_800, HOLD))),
            row(65_536, 8_192, None),
        ];
        assert_eq!(over_budget(&rows), Vec::<String>::new());
    }

    #[test]
    fn one_more_of_anything_is_too_many() {
        let first = || row(16, 2, Some((1600, 100)));
        for more in [
            row(128, 17, Some((12_800, 100))),
            row(128, 16, Some((12_801, 100))),
            row(128, 16, Some((12_800, HOLD + 1))),
            row(65_536, 8_193, None),
        ] {
            assert_eq!(over_budget(&[first(), more]).len(), 1);
        }
    }
}
