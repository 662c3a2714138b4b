//! What is timed. Each function times one batch of one driver and returns nanoseconds per operation.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use csq_protocol::status::{NOT_FOUND, PENDING, QUOTA_EXCEEDED, SUCCESS};
use ntsim::native::{self, Handle, Requests};

use crate::driver::{self, Subject, claimed_id, complete_input};

/// Operations in a batch, about a millisecond.
const BATCH: usize = 4_000;
/// Those of all threads together.
const THREADED_BATCH: usize = 20_000;

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn per_operation(time: Duration, operations: usize) -> f64 {
    time.as_nanos() as f64 / operations as f64
}

/// What one thread does is timed by the processor's time that it gets: the turns of other programs
/// do not count, although what they leave in the caches does.
struct Clock(Duration);

impl Clock {
    fn start() -> Self {
        Self(native::processor_time())
    }

    fn per_operation(&self, operations: usize) -> f64 {
        per_operation(native::processor_time().saturating_sub(self.0), operations)
    }
}

/// Requests of one handle that take turns: some pend, the others are free.
#[derive(Debug)]
pub struct Ring<'handle> {
    requests: Requests<'handle>,
    next: usize,
}

impl<'handle> Ring<'handle> {
    /// Sends `depth` requests; `spare` more are free.
    ///
    /// # Errors
    /// One does not pend.
    pub fn fill(
        subject: &Subject,
        handle: &'handle Handle<'_>,
        depth: usize,
        spare: usize,
    ) -> Result<Self> {
        let requests = driver::pend(handle, depth + spare);
        let mut ring = Self { requests, next: 0 };
        for _ in 0..depth {
            ensure!(
                ring.send() == PENDING,
                "{}: a request did not pend",
                subject.name
            );
        }
        Ok(ring)
    }

    /// Sends the next request, which must be free.
    fn send(&mut self) -> u32 {
        let status = self.requests.send(self.next);
        self.next += 1;
        if self.next == self.requests.len() {
            self.next = 0;
        }
        status
    }

    fn is_next_free(&self) -> bool {
        !self.requests.is_sent(self.next)
    }
}

/// A code that no driver knows.
pub fn unknown(request: &Requests<'_>) -> f64 {
    let clock = Clock::start();
    for _ in 0..BATCH {
        let _ = request.send(0);
    }
    clock.per_operation(BATCH)
}

/// Sends one request again and again, which must end with success at once.
pub fn repeat(request: &Requests<'_>) -> Result<f64> {
    let clock = Clock::start();
    for _ in 0..BATCH {
        ensure!(request.send(0) == SUCCESS, "a request failed");
    }
    Ok(clock.per_operation(BATCH))
}

/// Requests that are over the limit.
pub fn refused(request: &Requests<'_>) -> Result<f64> {
    let clock = Clock::start();
    for _ in 0..BATCH {
        ensure!(request.send(0) == QUOTA_EXCEEDED, "a request was let in");
    }
    Ok(clock.per_operation(BATCH))
}

/// A request pends, and the oldest is completed.
pub fn pend_complete_next(ring: &mut Ring<'_>, next: &Requests<'_>) -> Result<f64> {
    let clock = Clock::start();
    for _ in 0..BATCH {
        let pended = ring.send();
        let completed = next.send(0);
        ensure!(
            pended == PENDING && completed == SUCCESS,
            "a request failed"
        );
    }
    Ok(clock.per_operation(BATCH))
}

/// A request pends and is canceled.
pub fn pend_cancel(ring: &mut Ring<'_>) -> Result<f64> {
    let index = ring.next;
    let clock = Clock::start();
    for _ in 0..BATCH {
        let pended = ring.requests.send(index);
        let canceled = ring.requests.cancel(index);
        ensure!(pended == PENDING && canceled, "a request failed");
    }
    Ok(clock.per_operation(BATCH))
}

/// A request pends, the oldest is claimed, and completed by its id.
pub fn pend_claim_complete(
    ring: &mut Ring<'_>,
    claim: &Requests<'_>,
    complete: &Requests<'_>,
) -> Result<f64> {
    let mut input = complete_input(0);
    let clock = Clock::start();
    for _ in 0..BATCH {
        let pended = ring.send();
        let claimed = claim.send(0);
        set_id(&mut input, claimed_id(claim, 0)?);
        let completed = complete.send_with(0, &input);
        ensure!(
            pended == PENDING && claimed == SUCCESS && completed == SUCCESS,
            "a request failed"
        );
    }
    Ok(clock.per_operation(BATCH))
}

/// Replaces the id in what [`complete_input`] made.
fn set_id(input: &mut [u8], id: u64) {
    const ID: std::ops::Range<usize> = 8..16;
    if let Some(field) = input.get_mut(ID) {
        field.copy_from_slice(&id.to_le_bytes());
    }
}

/// Only completing the oldest: as many requests as `ring` has to spare.
pub fn complete_next(ring: &mut Ring<'_>, next: &Requests<'_>, count: usize) -> Result<f64> {
    for _ in 0..count {
        ensure!(ring.send() == PENDING, "a request did not pend");
    }
    let clock = Clock::start();
    for _ in 0..count {
        ensure!(next.send(0) == SUCCESS, "a request was not completed");
    }
    Ok(clock.per_operation(count))
}

/// Only completing by id, in another order than that of the claims.
pub fn complete_by_id(
    ring: &mut Ring<'_>,
    claim: &Requests<'_>,
    complete: &Requests<'_>,
    count: usize,
) -> Result<f64> {
    /// Has no divisor in common with the number of claims, a power of two.
    const STEP: usize = 97;
    let mut inputs = Vec::with_capacity(count);
    for _ in 0..count {
        ensure!(ring.send() == PENDING, "a request did not pend");
        ensure!(claim.send(0) == SUCCESS, "a request was not claimed");
        inputs.push(complete_input(claimed_id(claim, 0)?));
    }
    let order: Vec<&Vec<u8>> = (0..count)
        .filter_map(|index| inputs.get(index * STEP % count))
        .collect();
    let clock = Clock::start();
    for input in order {
        ensure!(
            complete.send_with(0, input) == SUCCESS,
            "a request was not completed"
        );
    }
    Ok(clock.per_operation(count))
}

/// Closing handles that have `own` requests each, after those of other handles. Nanoseconds per handle.
pub fn cleanup(subject: &Subject, handles: usize, own: usize) -> Result<f64> {
    let opened: Vec<Handle<'_>> = (0..handles)
        .map(|_| subject.open())
        .collect::<Result<_>>()?;
    let rings: Vec<Ring<'_>> = opened
        .iter()
        .map(|handle| Ring::fill(subject, handle, own, 1))
        .collect::<Result<_>>()?;
    // So that the code is in the caches, whatever the other drivers have done meanwhile.
    let first = subject.open()?;
    let few = Ring::fill(subject, &first, own.min(1), 1)?;
    first.cleanup();
    ensure!(few.requests.outstanding() == 0, "cleanup left requests");
    let clock = Clock::start();
    opened.iter().for_each(Handle::cleanup);
    let time = clock.per_operation(handles);
    let left = |ring: &Ring<'_>| ring.requests.outstanding() != 0;
    ensure!(!rings.iter().any(left), "cleanup left requests");
    Ok(time)
}

/// Closing `servers` handles that have claimed `own` requests in turn. Nanoseconds per request.
pub fn server_cleanup(subject: &Subject, servers: usize, own: usize) -> Result<f64> {
    let client = subject.open()?;
    let ring = Ring::fill(subject, &client, own, 1)?;
    let opened: Vec<Handle<'_>> = (0..servers)
        .map(|_| subject.open())
        .collect::<Result<_>>()?;
    let claims: Vec<Requests<'_>> = opened.iter().map(|it| driver::claim(it, 1)).collect();
    for claim in claims.iter().cycle().take(own) {
        ensure!(claim.send(0) == SUCCESS, "a request was not claimed");
    }
    let clock = Clock::start();
    opened.iter().for_each(Handle::cleanup);
    let time = clock.per_operation(own);
    ensure!(ring.requests.outstanding() == own, "requests are lost");
    client.cleanup();
    ensure!(ring.requests.outstanding() == 0, "cleanup left requests");
    Ok(time)
}

/// Canceling all requests, oldest first, by several threads that have a part each.
pub fn cancel_storm(ring: &Ring<'_>, threads: usize) -> Result<f64> {
    let count = ring.requests.len();
    let part = count / threads;
    for index in 0..part * threads {
        ensure!(
            ring.requests.send(index) == PENDING,
            "a request did not pend"
        );
    }
    if threads == 1 {
        let clock = Clock::start();
        for index in 0..part {
            ensure!(ring.requests.cancel(index), "a request was not canceled");
        }
        return Ok(clock.per_operation(part));
    }
    together(threads, part, |thread, index| {
        ring.requests.cancel(thread * part + index)
    })
}

/// Two or more threads with a ring each do what [`pend_complete_next`] does. A thread may complete
/// another's request; it then completes more until its own next request is free.
pub fn pend_complete_next_together(rings: &mut [(Ring<'_>, Requests<'_>)]) -> Result<f64> {
    let threads = rings.len();
    let mut parts: Vec<_> = rings
        .iter_mut()
        .map(|(ring, next)| (ring, next, 0))
        .collect();
    together_with(
        &mut parts,
        THREADED_BATCH / threads,
        |(ring, next, ahead), _| {
            while !ring.is_next_free() {
                if next.send(0) == SUCCESS {
                    *ahead += 1;
                }
            }
            let pended = ring.send();
            if *ahead > 0 {
                *ahead -= 1;
                return pended == PENDING;
            }
            // Nothing is pending if the other has completed ahead.
            pended == PENDING && matches!(next.send(0), SUCCESS | NOT_FOUND)
        },
    )
}

/// Two or more threads do what [`pend_cancel`] does.
pub fn pend_cancel_together(rings: &mut [Ring<'_>]) -> Result<f64> {
    let part = THREADED_BATCH / rings.len();
    together_with(rings, part, |ring, _| {
        let index = ring.next;
        ring.requests.send(index) == PENDING && ring.requests.cancel(index)
    })
}

fn together(
    threads: usize,
    count: usize,
    work: impl Fn(usize, usize) -> bool + Sync,
) -> Result<f64> {
    let mut numbers: Vec<usize> = (0..threads).collect();
    together_with(&mut numbers, count, |thread, index| work(*thread, index))
}

/// Has each thread do its part `count` times, all at once, each on a processor of its own.
/// Nanoseconds of the whole, by the clock on the wall, divided by all that was done.
fn together_with<T: Send>(
    parts: &mut [T],
    count: usize,
    work: impl Fn(&mut T, usize) -> bool + Sync,
) -> Result<f64> {
    let threads = parts.len();
    let ready = AtomicUsize::new(0);
    let go = AtomicBool::new(false);
    let (ready, go, work) = (&ready, &go, &work);
    let (time, worked) = thread::scope(|scope| {
        let mut running = Vec::new();
        for (processor, part) in parts.iter_mut().enumerate() {
            running.push(scope.spawn(move || {
                let _ = native::pin(processor);
                ready.fetch_add(1, Ordering::AcqRel);
                while !go.load(Ordering::Acquire) {
                    std::hint::spin_loop();
                }
                (0..count).all(|index| work(part, index))
            }));
        }
        while ready.load(Ordering::Acquire) != threads {
            thread::yield_now();
        }
        let start = Instant::now();
        go.store(true, Ordering::Release);
        let results = running
            .into_iter()
            .map(|thread| thread.join().unwrap_or(false));
        let worked = results.fold(true, |all, one| all & one);
        (per_operation(start.elapsed(), count * threads), worked)
    });
    ensure!(worked, "a request failed");
    Ok(time)
}
