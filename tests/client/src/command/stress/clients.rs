//! A thread that makes requests, and ends them in every way a client can.

use super::{LIMIT, Run};
use crate::Error;
use crate::device::{Client, Pend, Request, Scope, Waited};
use crate::tally::Tally;
use csq_protocol::status;
use fastrand::Rng;
use std::time::Duration;

/// How many requests a thread has at most.
const MOST: usize = 48;
/// The longest payload, and the longest room for an answer.
const LENGTH: usize = 64;
/// How many different tags there are.
const TAGS: u64 = 8;
/// In so many steps, on average, a thread goes to the limit of its handle once.
const STEPS_TO_LIMIT: u32 = 4000;
/// The greatest limit it goes to.
const GREATEST_LIMIT: u32 = 2048;

/// A thread's handle and requests.
struct Thread {
    choices: Rng,
    client: Client,
    requests: Vec<Request>,
    tally: Tally,
}

/// The thread's life.
pub(super) fn run(run: Run<'_>, number: u32) -> Result<Tally, Error> {
    let mut thread = Thread {
        choices: run.choices(1, number),
        client: Client::open()?,
        requests: Vec::new(),
        tally: Tally::default(),
    };
    while !run.is_over() {
        thread.step()?;
        if thread.choices.u32(0..STEPS_TO_LIMIT) == 0 {
            thread.go_to_the_limit(run)?;
        }
    }
    thread.finish()
}

impl Thread {
    fn step(&mut self) -> Result<(), Error> {
        let canceling = |error| Error::system("canceling requests", error);
        match self.choices.u32(0..100) {
            0..60 if self.requests.len() < MOST => self.pend()?,
            60..72 => {
                if let Some(request) = self.choices.choice(&self.requests) {
                    request.cancel().map_err(canceling)?;
                }
            }
            72..78 => {
                let tag = self.choices.u64(0..TAGS);
                self.client.cancel(Scope::Tag(tag))?;
            }
            78 => {
                self.client.cancel(Scope::All)?;
            }
            79 => {
                self.client.handle().cancel_all().map_err(canceling)?;
            }
            80 => {
                self.client.handle().cancel_thread().map_err(canceling)?;
            }
            81 => self.reopen()?,
            _ => {}
        }
        self.reap(Duration::from_millis(2));
        Ok(())
    }

    /// Makes requests until one is refused, and cancels them all. A server that answers none of what
    /// it claims keeps the others from ending them.
    fn go_to_the_limit(&mut self, run: Run<'_>) -> Result<(), Error> {
        let Ok(_greed) = run.greed.try_lock() else {
            return Ok(());
        };
        let version = self.client.version()?;
        let limit = version.handle_limit.get();
        // The others need some, too.
        if limit > GREATEST_LIMIT || version.device_limit.get() / 2 < limit {
            return Ok(());
        }
        let idler = Client::open()?;
        let refused = self.tally.refused;
        // Some end by their timeout, and some are the others' to answer.
        for _ in 0..10 * limit {
            self.pend()?;
            if self.tally.refused > refused || run.is_over() {
                break;
            }
            idler.claim()?;
        }
        if self.choices.bool() {
            drop(idler);
        }
        self.client.cancel(Scope::All)?;
        self.all_end();
        self.tally.closed += 1;
        Ok(())
    }

    fn pend(&mut self) -> Result<(), Error> {
        let mut payload = [0; LENGTH];
        self.choices.fill(&mut payload);
        let length = self.choices.usize(0..=LENGTH);
        let request = Pend {
            tag: self.choices.u64(0..TAGS),
            timeout: match self.choices.u32(0..10) {
                0..6 => 0,
                6..9 => self.choices.u32(1..30),
                _ => self.choices.u32(60_000..),
            },
            payload: payload.get(..length).unwrap_or_default(),
            room: self.choices.usize(0..=LENGTH),
        };
        match self.client.try_pend(request)? {
            Ok(request) => {
                self.tally.pended += 1;
                self.requests.push(request);
            }
            Err(status::QUOTA_EXCEEDED) => self.tally.refused += 1,
            Err(status) => {
                let what = "pending a request".to_owned();
                return Err(Error::Refused { what, status });
            }
        }
        Ok(())
    }

    /// Closes the handle with whatever is pending, and opens another one.
    fn reopen(&mut self) -> Result<(), Error> {
        self.tally.closed += u64::from(!self.requests.is_empty());
        self.client = Client::open()?;
        self.all_end();
        Ok(())
    }

    /// Counts what has ended. With as many requests as there may be, waits a little for the oldest.
    fn reap(&mut self, patience: Duration) {
        if self.requests.len() >= MOST
            && let Some(oldest) = self.requests.first()
        {
            let _ = oldest.event().wait(Some(patience));
        }
        let tally = &mut self.tally;
        self.requests.retain(|request| match request.poll() {
            Some(answer) => {
                tally.ended(Some(answer.status));
                false
            }
            None => true,
        });
    }

    /// Counts the ends of all requests, which must come by themselves.
    fn all_end(&mut self) {
        for request in self.requests.drain(..) {
            self.tally.ended(match request.wait(LIMIT) {
                Waited::Ended(answer) => Some(answer.status),
                Waited::Untold | Waited::TimedOut => None,
            });
        }
    }

    fn finish(mut self) -> Result<Tally, Error> {
        let canceled = self.client.handle().cancel_all();
        canceled.map_err(|error| Error::system("canceling requests", error))?;
        self.all_end();
        Ok(self.tally)
    }
}
