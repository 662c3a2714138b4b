//! What is measured: every workload, at every depth, with every number of threads.

use anyhow::Result;
use ntsim::native::{Handle, Requests};

use crate::driver::{self, Subject};
use crate::timing::{Batch, Timing};
use crate::workload::{self as work, Ring};

/// How many requests are pending.
pub const DEPTHS: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];
/// The requests of a handle that is closed.
const OWN: [usize; 3] = [0, 10, 1_000];
/// The requests of all handles, when one is closed.
const ALL: [usize; 4] = [100, 1_000, 10_000, 100_000];
/// How many requests are canceled at once.
const STORM: usize = 100_000;
/// What [`work::complete_next`] and [`work::complete_by_id`] do at once.
const AT_ONCE: usize = 512;
/// Batches of each driver.
const ROUNDS: usize = 41;
/// Batches of several threads, which are longer, and wait until Linux lets all of them run.
const THREADED_ROUNDS: usize = 15;
/// Batches of what takes long.
const FEW_ROUNDS: usize = 7;

/// Measures everything; `done` is called after each measurement.
///
/// # Errors
/// A driver does not do what was asked.
pub fn measure(
    subjects: &[Subject],
    limited: &[Subject],
    threads: &[usize],
    mut done: impl FnMut(Timing),
) -> Result<()> {
    done(way_in(subjects)?);
    for &threads in threads {
        for depth in DEPTHS {
            if threads == 1 {
                done(pend_complete_next(subjects, depth)?);
                done(pend_cancel(subjects, depth)?);
            } else {
                done(pend_complete_next_together(subjects, depth, threads)?);
                done(pend_cancel_together(subjects, depth, threads)?);
            }
        }
        done(cancel_storm(subjects, threads)?);
    }
    for depth in DEPTHS {
        done(pend_claim_complete(subjects, depth)?);
        done(complete_next(subjects, depth)?);
        done(complete_by_id(subjects, depth)?);
    }
    for own in OWN {
        for all in ALL {
            if own <= all {
                done(cleanup(subjects, own, all)?);
            }
        }
    }
    done(statistics(subjects)?);
    done(refused(limited)?);
    Ok(())
}

/// How many cases [`measure`] measures.
pub const fn count(threads: usize) -> u64 {
    let cleanups = OWN.len() * ALL.len() - 1;
    (3 + threads * (2 * DEPTHS.len() + 1) + 3 * DEPTHS.len() + cleanups) as u64
}

fn timing(name: &str, unit: &'static str, depth: usize, threads: usize, rounds: usize) -> Timing {
    Timing {
        name: name.to_owned(),
        unit,
        depth,
        threads,
        rounds,
        nanoseconds: Vec::new(),
        ratios: Vec::new(),
    }
}

fn open(subjects: &[Subject]) -> Result<Vec<Handle<'_>>> {
    subjects.iter().map(Subject::open).collect()
}

/// One thing for each handle.
fn each<'handle, T>(
    handles: &'handle [Handle<'_>],
    make: impl Fn(&'handle Handle<'handle>) -> T,
) -> Vec<T> {
    handles.iter().map(make).collect()
}

fn rings<'handle>(
    subjects: &[Subject],
    handles: &'handle [Handle<'_>],
    depth: usize,
    spare: usize,
) -> Result<Vec<Ring<'handle>>> {
    let pairs = subjects.iter().zip(handles);
    pairs
        .map(|(subject, handle)| Ring::fill(subject, handle, depth, spare))
        .collect()
}

/// Ends what a measurement has left, before its memory goes.
fn end(handles: &[Handle<'_>]) {
    handles.iter().for_each(Handle::cleanup);
}

fn boxed<'a>(batch: impl FnMut() -> Result<f64> + 'a) -> Batch<'a> {
    Box::new(batch)
}

fn way_in(subjects: &[Subject]) -> Result<Timing> {
    let handles = open(subjects)?;
    let requests = each(&handles, driver::unknown);
    let batches = requests
        .iter()
        .map(|it| Some(boxed(|| Ok(work::unknown(it)))));
    timing("unknown code (the floor)", "request", 0, 1, ROUNDS).measure(batches.collect())
}

fn pend_complete_next(subjects: &[Subject], depth: usize) -> Result<Timing> {
    let handles = open(subjects)?;
    let mut rings = rings(subjects, &handles, depth, 1)?;
    let nexts = each(&handles, driver::complete_next);
    let pairs = rings.iter_mut().zip(&nexts);
    let batches = pairs.map(|(ring, next)| Some(boxed(|| work::pend_complete_next(ring, next))));
    let result =
        timing("pend + complete-next", "pair", depth, 1, ROUNDS).measure(batches.collect());
    end(&handles);
    result
}

fn pend_cancel(subjects: &[Subject], depth: usize) -> Result<Timing> {
    let handles = open(subjects)?;
    let mut rings = rings(subjects, &handles, depth, 1)?;
    let batches = rings
        .iter_mut()
        .map(|ring| Some(boxed(|| work::pend_cancel(ring))));
    let result = timing("pend + CancelIoEx", "pair", depth, 1, ROUNDS).measure(batches.collect());
    end(&handles);
    result
}

fn pend_complete_next_together(
    subjects: &[Subject],
    depth: usize,
    threads: usize,
) -> Result<Timing> {
    /// A thread can be that far ahead of another.
    const SPARE: usize = 4096;
    let handles: Vec<Vec<Handle<'_>>> = (0..threads)
        .map(|_| open(subjects))
        .collect::<Result<_>>()?;
    let mut parts: Vec<Vec<(Ring<'_>, Requests<'_>)>> =
        subjects.iter().map(|_| Vec::new()).collect();
    for handles in &handles {
        let rings = rings(subjects, handles, depth / threads, SPARE)?;
        let nexts = each(handles, driver::complete_next);
        for (part, pair) in parts.iter_mut().zip(rings.into_iter().zip(nexts)) {
            part.push(pair);
        }
    }
    let batches = parts
        .iter_mut()
        .map(|part| Some(boxed(|| work::pend_complete_next_together(part))));
    let result = timing(
        "pend + complete-next",
        "pair",
        depth,
        threads,
        THREADED_ROUNDS,
    )
    .measure(batches.collect());
    for handles in &handles {
        end(handles);
    }
    result
}

fn pend_cancel_together(subjects: &[Subject], depth: usize, threads: usize) -> Result<Timing> {
    let handles: Vec<Vec<Handle<'_>>> = (0..threads)
        .map(|_| open(subjects))
        .collect::<Result<_>>()?;
    let mut parts: Vec<Vec<Ring<'_>>> = subjects.iter().map(|_| Vec::new()).collect();
    for handles in &handles {
        let rings = rings(subjects, handles, depth / threads, 1)?;
        for (part, ring) in parts.iter_mut().zip(rings) {
            part.push(ring);
        }
    }
    let batches = parts
        .iter_mut()
        .map(|part| Some(boxed(|| work::pend_cancel_together(part))));
    let result = timing("pend + CancelIoEx", "pair", depth, threads, THREADED_ROUNDS)
        .measure(batches.collect());
    for handles in &handles {
        end(handles);
    }
    result
}

fn cancel_storm(subjects: &[Subject], threads: usize) -> Result<Timing> {
    let handles = open(subjects)?;
    let rings = rings(subjects, &handles, 0, STORM)?;
    let batches = rings
        .iter()
        .map(|ring| Some(boxed(|| work::cancel_storm(ring, threads))));
    let result =
        timing("cancel storm", "request", STORM, threads, FEW_ROUNDS).measure(batches.collect());
    end(&handles);
    result
}

fn pend_claim_complete(subjects: &[Subject], depth: usize) -> Result<Timing> {
    let handles = open(subjects)?;
    let mut rings = rings(subjects, &handles, depth, 1)?;
    let claims = each(&handles, |handle| driver::claim(handle, 1));
    let completes = each(&handles, driver::complete);
    let parts = rings
        .iter_mut()
        .zip(claims.iter().zip(&completes))
        .zip(subjects);
    let batches = parts.map(|((ring, (claim, complete)), subject)| {
        let batch = || work::pend_claim_complete(ring, claim, complete);
        subject.claims.then(|| boxed(batch))
    });
    let result =
        timing("pend + claim + complete", "triple", depth, 1, ROUNDS).measure(batches.collect());
    end(&handles);
    result
}

fn complete_next(subjects: &[Subject], depth: usize) -> Result<Timing> {
    let handles = open(subjects)?;
    let mut rings = rings(subjects, &handles, depth, AT_ONCE)?;
    let nexts = each(&handles, driver::complete_next);
    let pairs = rings.iter_mut().zip(&nexts);
    let batches =
        pairs.map(|(ring, next)| Some(boxed(|| work::complete_next(ring, next, AT_ONCE))));
    let result =
        timing("complete-next alone", "request", depth, 1, ROUNDS).measure(batches.collect());
    end(&handles);
    result
}

fn complete_by_id(subjects: &[Subject], depth: usize) -> Result<Timing> {
    let handles = open(subjects)?;
    let mut rings = rings(subjects, &handles, depth, AT_ONCE)?;
    let claims = each(&handles, |handle| driver::claim(handle, 1));
    let completes = each(&handles, driver::complete);
    let parts = rings
        .iter_mut()
        .zip(claims.iter().zip(&completes))
        .zip(subjects);
    let batches = parts.map(|((ring, (claim, complete)), subject)| {
        let batch = || work::complete_by_id(ring, claim, complete, AT_ONCE);
        subject.claims.then(|| boxed(batch))
    });
    let result =
        timing("complete by id alone", "request", depth, 1, ROUNDS).measure(batches.collect());
    end(&handles);
    result
}

/// Closing a handle with `own` of `all` requests.
fn cleanup(subjects: &[Subject], own: usize, all: usize) -> Result<Timing> {
    /// Handles that are closed in a row, if they have few requests.
    const IN_A_ROW: usize = 10;
    let in_a_row = if own * IN_A_ROW <= all.min(100) {
        IN_A_ROW
    } else {
        1
    };
    let handles = open(subjects)?;
    let _others = rings(subjects, &handles, all - own * in_a_row, 1)?;
    let batches = subjects
        .iter()
        .map(|it| Some(boxed(move || work::cleanup(it, in_a_row, own))));
    let name = format!("cleanup of a handle with {own}");
    let result = timing(&name, "handle", all, 1, ROUNDS).measure(batches.collect());
    end(&handles);
    result
}

fn statistics(subjects: &[Subject]) -> Result<Timing> {
    const DEPTH: usize = 1_000;
    let handles = open(subjects)?;
    let _rings = rings(subjects, &handles, DEPTH, 1)?;
    let requests = each(&handles, driver::statistics);
    let batches = requests.iter().map(|it| Some(boxed(|| work::repeat(it))));
    let result = timing("statistics", "request", DEPTH, 1, ROUNDS).measure(batches.collect());
    end(&handles);
    result
}

/// A request that is one too many; `limited` take few.
fn refused(limited: &[Subject]) -> Result<Timing> {
    let handles = open(limited)?;
    let depth = limited.iter().map(|it| it.limit).min().unwrap_or(0);
    let _rings = rings(limited, &handles, depth, 1)?;
    let requests = each(&handles, |handle| driver::pend(handle, 1));
    let batches = requests.iter().map(|it| Some(boxed(|| work::refused(it))));
    let result =
        timing("pend over the limit", "request", depth, 1, ROUNDS).measure(batches.collect());
    end(&handles);
    result
}
