//! What is measured: every workload, at every depth, with every number of threads.

use anyhow::Result;
use ntsim::native::{Handle, Requests};

use crate::driver::{self, Subject};
use crate::timing::{self, Batch, Times, Timing};
use crate::workload::{self as work, Ring};

/// How many requests are pending.
pub const DEPTHS: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];
/// The requests of a handle that is closed.
const OWN: [usize; 3] = [0, 10, 1_000];
/// The requests of all handles, when one is closed.
const ALL: [usize; 4] = [100, 1_000, 10_000, 100_000];
/// The requests that the servers have claimed which are closed.
const CLAIMED: [usize; 3] = [16, 4_096, 65_536];
/// How many requests are canceled at once.
const STORM: usize = 100_000;
/// Requests per handle, for measuring how one too many is refused.
pub const FEW: u16 = 16;
/// What [`work::complete_next`] and [`work::complete_by_id`] do at once.
const AT_ONCE: usize = 512;
/// How often a case is set up anew. Where its requests happen to be in memory decides which of them
/// get into each other's way in the caches; once would be luck.
const PLACEMENTS: usize = 5;
/// Batches of each driver, for each placement.
const ROUNDS: usize = 9;
/// Batches of several threads, which are longer, and wait until Linux lets all of them run.
const THREADED_ROUNDS: usize = 5;
/// Batches of what takes long.
const FEW_ROUNDS: usize = 3;

/// A workload.
#[derive(Clone, Copy, Debug)]
enum Work {
    WayIn,
    PendCompleteNext,
    PendCancel,
    CancelStorm,
    PendClaimComplete,
    CompleteNext,
    CompleteById,
    Cleanup { own: usize },
    ServerCleanup { servers: usize },
    Statistics,
    Refused,
}

/// One thing that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    work: Work,
    depth: usize,
    threads: usize,
}

/// The drivers.
#[derive(Clone, Copy)]
pub struct Subjects<'a> {
    /// Those that take as many requests as there are.
    pub all: &'a [Subject],
    /// Those that take few.
    pub limited: &'a [Subject],
}

/// All cases, for each of these numbers of threads.
pub fn all(threads: &[usize]) -> Vec<Case> {
    let case = |work, depth| Case {
        work,
        depth,
        threads: 1,
    };
    let mut cases = vec![case(Work::WayIn, 0)];
    for &threads in threads {
        for depth in DEPTHS {
            for work in [Work::PendCompleteNext, Work::PendCancel] {
                cases.push(Case {
                    work,
                    depth,
                    threads,
                });
            }
        }
        cases.push(Case {
            work: Work::CancelStorm,
            depth: STORM,
            threads,
        });
    }
    for depth in DEPTHS {
        cases.push(case(Work::PendClaimComplete, depth));
        cases.push(case(Work::CompleteNext, depth));
        cases.push(case(Work::CompleteById, depth));
    }
    for own in OWN {
        let depths = ALL.into_iter().filter(|&all| own <= all);
        cases.extend(depths.map(|all| case(Work::Cleanup { own }, all)));
    }
    for servers in [1, 2] {
        cases.extend(CLAIMED.map(|claimed| case(Work::ServerCleanup { servers }, claimed)));
    }
    cases.push(case(Work::Statistics, 1_000));
    cases.push(case(Work::Refused, FEW.into()));
    cases
}

impl Case {
    /// What is done.
    pub fn name(&self) -> String {
        match self.work {
            Work::WayIn => "unknown code (the floor)",
            Work::PendCompleteNext => "pend + complete-next",
            Work::PendCancel => "pend + CancelIoEx",
            Work::CancelStorm => "cancel storm",
            Work::PendClaimComplete => "pend + claim + complete",
            Work::CompleteNext => "complete-next alone",
            Work::CompleteById => "complete by id alone",
            Work::Cleanup { own } => return format!("cleanup of a handle with {own}"),
            Work::ServerCleanup { servers: 1 } => "cleanup of a server",
            Work::ServerCleanup { .. } => "cleanup of two servers",
            Work::Statistics => "statistics",
            Work::Refused => "pend over the limit",
        }
        .to_owned()
    }

    /// What one operation is.
    const fn unit(&self) -> &'static str {
        match self.work {
            Work::PendCompleteNext | Work::PendCancel => "pair",
            Work::PendClaimComplete => "triple",
            Work::Cleanup { .. } => "handle",
            _ => "request",
        }
    }

    const fn rounds(&self) -> usize {
        match self.work {
            Work::CancelStorm | Work::ServerCleanup { .. } => FEW_ROUNDS,
            _ if self.threads > 1 => THREADED_ROUNDS,
            _ => ROUNDS,
        }
    }

    /// Measures it.
    ///
    /// # Errors
    /// A driver does not do what was asked.
    pub fn measure(&self, subjects: Subjects<'_>) -> Result<Timing> {
        let times: Vec<Times> = (0..PLACEMENTS)
            .map(|_| self.place(subjects))
            .collect::<Result<_>>()?;
        Ok(Timing {
            name: self.name(),
            unit: self.unit(),
            depth: self.depth,
            threads: self.threads,
            rounds: PLACEMENTS * self.rounds(),
            nanoseconds: timing::nanoseconds(&times),
            ratios: timing::ratios(&times),
        })
    }

    /// Sets it up and measures it, once.
    fn place(&self, Subjects { all, limited }: Subjects<'_>) -> Result<Times> {
        let (depth, threads, rounds) = (self.depth, self.threads, self.rounds());
        match self.work {
            Work::WayIn => way_in(all, rounds),
            Work::PendCompleteNext if threads > 1 => {
                pend_complete_next_together(all, depth, threads, rounds)
            }
            Work::PendCompleteNext => pend_complete_next(all, depth, rounds),
            Work::PendCancel if threads > 1 => pend_cancel_together(all, depth, threads, rounds),
            Work::PendCancel => pend_cancel(all, depth, rounds),
            Work::CancelStorm => cancel_storm(all, threads, rounds),
            Work::PendClaimComplete => pend_claim_complete(all, depth, rounds),
            Work::CompleteNext => complete_next(all, depth, rounds),
            Work::CompleteById => complete_by_id(all, depth, rounds),
            Work::Cleanup { own } => cleanup(all, own, depth, rounds),
            Work::ServerCleanup { servers } => server_cleanup(all, servers, depth, rounds),
            Work::Statistics => statistics(all, depth, rounds),
            Work::Refused => refused(limited, depth, rounds),
        }
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

fn way_in(subjects: &[Subject], rounds: usize) -> Result<Times> {
    let handles = open(subjects)?;
    let requests = each(&handles, driver::unknown);
    let batches = requests
        .iter()
        .map(|it| Some(boxed(|| Ok(work::unknown(it)))));
    timing::measure(batches.collect(), rounds)
}

fn pend_complete_next(subjects: &[Subject], depth: usize, rounds: usize) -> Result<Times> {
    let handles = open(subjects)?;
    let mut rings = rings(subjects, &handles, depth, 1)?;
    let nexts = each(&handles, driver::complete_next);
    let pairs = rings.iter_mut().zip(&nexts);
    let batches = pairs.map(|(ring, next)| Some(boxed(|| work::pend_complete_next(ring, next))));
    let result = timing::measure(batches.collect(), rounds);
    end(&handles);
    result
}

fn pend_cancel(subjects: &[Subject], depth: usize, rounds: usize) -> Result<Times> {
    let handles = open(subjects)?;
    let mut rings = rings(subjects, &handles, depth, 1)?;
    let batches = rings
        .iter_mut()
        .map(|ring| Some(boxed(|| work::pend_cancel(ring))));
    let result = timing::measure(batches.collect(), rounds);
    end(&handles);
    result
}

fn pend_complete_next_together(
    subjects: &[Subject],
    depth: usize,
    threads: usize,
    rounds: usize,
) -> Result<Times> {
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
    let result = timing::measure(batches.collect(), rounds);
    for handles in &handles {
        end(handles);
    }
    result
}

fn pend_cancel_together(
    subjects: &[Subject],
    depth: usize,
    threads: usize,
    rounds: usize,
) -> Result<Times> {
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
    let result = timing::measure(batches.collect(), rounds);
    for handles in &handles {
        end(handles);
    }
    result
}

fn cancel_storm(subjects: &[Subject], threads: usize, rounds: usize) -> Result<Times> {
    let handles = open(subjects)?;
    let rings = rings(subjects, &handles, 0, STORM)?;
    let batches = rings
        .iter()
        .map(|ring| Some(boxed(|| work::cancel_storm(ring, threads))));
    let result = timing::measure(batches.collect(), rounds);
    end(&handles);
    result
}

fn pend_claim_complete(subjects: &[Subject], depth: usize, rounds: usize) -> Result<Times> {
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
    let result = timing::measure(batches.collect(), rounds);
    end(&handles);
    result
}

fn complete_next(subjects: &[Subject], depth: usize, rounds: usize) -> Result<Times> {
    let handles = open(subjects)?;
    let mut rings = rings(subjects, &handles, depth, AT_ONCE)?;
    let nexts = each(&handles, driver::complete_next);
    let pairs = rings.iter_mut().zip(&nexts);
    let batches =
        pairs.map(|(ring, next)| Some(boxed(|| work::complete_next(ring, next, AT_ONCE))));
    let result = timing::measure(batches.collect(), rounds);
    end(&handles);
    result
}

fn complete_by_id(subjects: &[Subject], depth: usize, rounds: usize) -> Result<Times> {
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
    let result = timing::measure(batches.collect(), rounds);
    end(&handles);
    result
}

/// Closing a handle with `own` of `all` requests.
fn cleanup(subjects: &[Subject], own: usize, all: usize, rounds: usize) -> Result<Times> {
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
    let result = timing::measure(batches.collect(), rounds);
    end(&handles);
    result
}

/// Closing servers that have claimed all requests.
fn server_cleanup(
    subjects: &[Subject],
    servers: usize,
    claimed: usize,
    rounds: usize,
) -> Result<Times> {
    let batches = subjects.iter().map(|subject| {
        let batch = move || work::server_cleanup(subject, servers, claimed);
        subject.claims.then(|| boxed(batch))
    });
    timing::measure(batches.collect(), rounds)
}

fn statistics(subjects: &[Subject], depth: usize, rounds: usize) -> Result<Times> {
    let handles = open(subjects)?;
    let _rings = rings(subjects, &handles, depth, 1)?;
    let requests = each(&handles, driver::statistics);
    let batches = requests.iter().map(|it| Some(boxed(|| work::repeat(it))));
    let result = timing::measure(batches.collect(), rounds);
    end(&handles);
    result
}

/// A request that is one too many; `limited` take few.
fn refused(limited: &[Subject], depth: usize, rounds: usize) -> Result<Times> {
    let handles = open(limited)?;
    let _rings = rings(limited, &handles, depth, 1)?;
    let requests = each(&handles, |handle| driver::pend(handle, 1));
    let batches = requests.iter().map(|it| Some(boxed(|| work::refused(it))));
    let result = timing::measure(batches.collect(), rounds);
    end(&handles);
    result
}
