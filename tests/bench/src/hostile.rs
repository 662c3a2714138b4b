//! What another client pays while a hostile one has many handles and nearly all places: not one
//! instruction more than if it were alone.

use anyhow::{Result, ensure};
use csq_protocol::status::{PENDING, SUCCESS};

use crate::driver::{self, Subject};
use crate::exact::{Row, row};

/// What the names of these paths end with.
const BESIDE: &str = ", beside a hostile client";
/// Handles of the hostile client. The driver has no limit.
const HANDLES: usize = 500;
/// Requests of each: together nearly all that the device takes.
const EACH: usize = 200;

/// Counts what a client asks for, alone and beside a hostile one.
///
/// # Errors
/// The driver does not do what was asked.
pub fn measure(subject: &Subject) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    paths(subject, 0, &mut rows)?;
    let handles = (0..HANDLES).map(|_| subject.open());
    let handles = handles.collect::<Result<Vec<_>>>()?;
    let pends: Vec<_> = handles
        .iter()
        .map(|handle| driver::pend(handle, EACH))
        .collect();
    for pend in &pends {
        for index in 0..EACH {
            ensure!(pend.send(index) == PENDING, "a request did not pend");
        }
    }
    paths(subject, HANDLES * EACH, &mut rows)?;
    for (handle, pend) in handles.iter().zip(&pends) {
        handle.cleanup();
        ensure!(pend.outstanding() == 0, "cleanup left requests");
    }
    Ok(rows)
}

fn paths(subject: &Subject, depth: usize, rows: &mut Vec<Row>) -> Result<()> {
    let client = subject.open()?;
    let pends = driver::pend(&client, 2);
    let statistics = driver::statistics(&client);
    let mut path = |name, work: &mut dyn FnMut() -> bool| -> Result<()> {
        rows.push(row(subject, name, depth, work)?);
        Ok(())
    };
    path("pend, beside a hostile client", &mut || {
        pends.send(0) == PENDING
    })?;
    path("statistics, beside a hostile client", &mut || {
        statistics.send(0) == SUCCESS
    })?;
    path("cancel, beside a hostile client", &mut || pends.cancel(0))?;
    ensure!(pends.send(1) == PENDING, "a request did not pend");
    path("cleanup, beside a hostile client", &mut || {
        client.cleanup();
        pends.outstanding() == 0
    })
}

/// Where the other client pays, a sentence for each path.
pub fn over_budget(rows: &[Row]) -> Vec<String> {
    let beside = rows.iter().filter(|row| row.path.ends_with(BESIDE));
    let (alone, harmed): (Vec<&Row>, Vec<&Row>) = beside.partition(|row| row.depth == 0);
    let mut over = Vec::new();
    for row in harmed {
        let as_alone = |it: &&&Row| it.path == row.path && it.driver == row.driver;
        let alone = alone
            .iter()
            .find(as_alone)
            .map(|row| row.counts.instructions);
        if alone != Some(row.counts.instructions) {
            over.push(format!(
                "{}: {} instructions, but {alone:?} alone",
                row.path, row.counts.instructions
            ));
        }
    }
    over
}

#[cfg(test)]
mod tests {
    use super::*;
    use ntsim::native::count::{Counts, Profile};

    fn row(depth: usize, instructions: usize) -> Row {
        Row {
            driver: "a.sys".into(),
            path: "pend, beside a hostile client",
            depth,
            counts: Counts {
                instructions,
                ..Counts::default()
            },
            profile: Profile::new(),
            pool_bytes: 0,
            pool_calls: 0,
        }
    }

    #[test]
    fn one_instruction_more_is_too_many() {
        assert!(over_budget(&[row(0, 100), row(1000, 100)]).is_empty());
        assert_eq!(over_budget(&[row(0, 100), row(1000, 101)]).len(), 1);
        assert_eq!(over_budget(&[row(1000, 100)]).len(), 1);
    }
}
