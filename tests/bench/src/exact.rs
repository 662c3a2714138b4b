//! What can be counted exactly: instructions, stack, pool, code. The same at any load.

use std::fmt;

use anyhow::{Result, ensure};
use csq_protocol::status::{PENDING, SUCCESS};
use ntsim::native::count::{Counts, Profile, count};
use ntsim::native::pool_use;
use serde::Serialize;

use crate::driver::{self, Subject, claimed_id, complete_input};
use crate::hostile;

/// How many requests are pending when the counting is done; fewer if the driver takes no more.
pub const DEPTHS: [usize; 2] = [10, 100_000];

/// INV-43: instructions of one call of each callback, all of which are executed under the lock. That an IRP comes in
/// and that its slot is freed is part of them: the slots, the limits and the counters have no lock of their own, and
/// no interlocked instruction.
const INSERT: usize = 85;
const REMOVE: usize = 70;
const PEEK: usize = 35;
/// INV-43: instructions under the lock of a whole path with one request, all holds together.
const UNDER_LOCK: usize = 130;
/// That of closing a handle, in six holds.
const UNDER_LOCK_CLEANUP: usize = 265;
const CLEANUP: &str = "cleanup";
/// Bytes of stack. A thread in the kernel has 24 KiB for all drivers together. The dispatch routine of device control
/// is one function with all that is done often in it.
const STACK: usize = 576;
/// TR-104: a request takes nothing from the pool.
const POOL: usize = 0;
/// Bytes of code: the file may have 25 KiB, 1 of them its version resource.
const TEXT: usize = 24 << 10;

/// One path through a driver.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The driver.
    pub driver: String,
    /// What was done.
    pub path: &'static str,
    /// How many requests were pending.
    pub depth: usize,
    /// What it took.
    #[serde(flatten)]
    pub counts: Counts,
    /// How often each instruction was executed, by its offset in the image.
    #[serde(skip)]
    pub profile: Profile,
    /// Bytes that were taken from the pool and not given back.
    pub pool_bytes: usize,
    /// How often something was taken.
    pub pool_calls: usize,
}

/// Counts all paths of a driver at each depth.
///
/// # Errors
/// The driver does not do what was asked.
pub fn measure(subject: &Subject) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for depth in DEPTHS {
        paths(subject, depth.min(subject.limit - 1), &mut rows)?;
    }
    // Those without claims are written for one queue and few handles.
    if subject.claims {
        rows.extend(hostile::measure(subject)?);
    }
    Ok(rows)
}

fn paths(subject: &Subject, depth: usize, rows: &mut Vec<Row>) -> Result<()> {
    let (client, server) = (subject.open()?, subject.open()?);
    let pends = driver::pend(&client, depth + 1);
    let next = driver::complete_next(&server);
    let statistics = driver::statistics(&server);
    for index in 0..depth {
        ensure!(pends.send(index) == PENDING, "a request did not pend");
    }
    let mut path = |name, work: &mut dyn FnMut() -> bool| -> Result<()> {
        rows.push(row(subject, name, depth, work)?);
        Ok(())
    };
    path("pend", &mut || pends.send(depth) == PENDING)?;
    path("cancel", &mut || pends.cancel(depth))?;
    path("complete-next", &mut || next.send(0) == SUCCESS)?;
    path("statistics", &mut || statistics.send(0) == SUCCESS)?;
    if subject.claims {
        let claims = driver::claim(&server, 1);
        let complete = driver::complete(&server);
        path("claim", &mut || claims.send(0) == SUCCESS)?;
        let input = complete_input(claimed_id(&claims, 0)?);
        path("complete by id", &mut || {
            complete.send_with(0, &input) == SUCCESS
        })?;
    }
    let other = subject.open()?;
    let of_other = driver::pend(&other, 1);
    ensure!(of_other.send(0) == PENDING, "a request did not pend");
    path("cleanup of 1", &mut || {
        other.cleanup();
        of_other.outstanding() == 0
    })?;
    client.cleanup();
    ensure!(pends.outstanding() == 0, "cleanup left requests");
    Ok(())
}

/// Counts one path.
///
/// # Errors
/// It fails.
pub fn row(
    subject: &Subject,
    path: &'static str,
    depth: usize,
    work: &mut dyn FnMut() -> bool,
) -> Result<Row> {
    let before = pool_use();
    let mut worked = false;
    let counted = count(subject.driver(), || worked = work());
    ensure!(worked, "{}: {path} failed", subject.name);
    let after = pool_use();
    Ok(Row {
        driver: subject.name.clone(),
        path,
        depth,
        counts: counted.counts,
        profile: counted.profile,
        pool_bytes: after.0.saturating_sub(before.0),
        pool_calls: after.1 - before.1,
    })
}

/// What is over its budget, a sentence for each.
pub fn over_budget(rows: &[Row], text: usize) -> Vec<String> {
    let mut over = hostile::over_budget(rows);
    for row in rows {
        let Row { path, depth, .. } = row;
        let under_lock = if path.starts_with(CLEANUP) {
            UNDER_LOCK_CLEANUP
        } else {
            UNDER_LOCK
        };
        let budgets = [
            ("instructions in CsqInsertIrp", row.counts.insert, INSERT),
            ("instructions in CsqRemoveIrp", row.counts.remove, REMOVE),
            ("instructions in CsqPeekNextIrp", row.counts.peek, PEEK),
            (
                "instructions under the lock",
                row.counts.under_lock,
                under_lock,
            ),
            ("bytes of stack", row.counts.stack, STACK),
            ("bytes from the pool", row.pool_bytes, POOL),
        ];
        for (what, value, most) in budgets {
            if value > most {
                over.push(format!(
                    "{path}, depth {depth}: {value} {what}, at most {most}"
                ));
            }
        }
        // INV-43, TR-37: what is done under the lock does not depend on how many requests there are.
        let deeper = rows
            .iter()
            .find(|it| it.path == *path && it.depth > *depth && it.driver == row.driver);
        if let Some(deeper) = deeper
            && deeper.counts.under_lock != row.counts.under_lock
        {
            over.push(format!(
                "{path}: {} instructions under the lock at depth {depth}, but {} at depth {}",
                row.counts.under_lock, deeper.counts.under_lock, deeper.depth
            ));
        }
    }
    if text > TEXT {
        over.push(format!("{text} bytes of code, at most {TEXT}"));
    }
    over
}

/// Writes the rows as a Markdown table.
pub fn table(rows: &[Row], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "| driver | path | depth | insert | remove | peek | under the lock | all | LOCK | calls | stack | pool |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )?;
    for row in rows {
        let Counts {
            instructions,
            under_lock,
            interlocked,
            kernel_calls,
            stack,
            insert,
            remove,
            peek,
            ..
        } = row.counts;
        writeln!(
            f,
            "| {} | {} | {} | {insert} | {remove} | {peek} | {under_lock} | {instructions} | {interlocked} \
             | {kernel_calls} | {stack} | {} |",
            row.driver, row.path, row.depth, row.pool_bytes
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(depth: usize) -> Row {
        Row {
            driver: "a.sys".into(),
            path: "pend",
            depth,
            counts: Counts {
                insert: INSERT,
                remove: REMOVE,
                peek: PEEK,
                stack: STACK,
                under_lock: UNDER_LOCK,
                ..Counts::default()
            },
            profile: Profile::new(),
            pool_bytes: 0,
            pool_calls: 0,
        }
    }

    #[test]
    fn budgets_are_kept_up_to_the_last_instruction() {
        assert!(over_budget(&[row(10), row(100)], TEXT).is_empty());
        let more: [fn(&mut Row); 6] = [
            |row| row.counts.insert += 1,
            |row| row.counts.remove += 1,
            |row| row.counts.peek += 1,
            |row| row.counts.under_lock += 1,
            |row| row.counts.stack += 1,
            |row| row.pool_bytes += 1,
        ];
        for change in more {
            let mut changed = row(10);
            change(&mut changed);
            assert_eq!(over_budget(&[changed], TEXT).len(), 1);
        }
        assert_eq!(over_budget(&[], TEXT + 1).len(), 1);
    }

    // INV-43, TR-37
    #[test]
    fn the_depth_must_not_matter() {
        let mut deeper = row(100);
        deeper.counts.under_lock -= 1;
        assert_eq!(over_budget(&[row(10), deeper], TEXT).len(), 1);
    }
}
