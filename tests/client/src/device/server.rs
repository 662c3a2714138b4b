//! An inverted-call server: claims that wait in the kernel, so that no request waits for a poll.

use super::claim::Claim;
use super::client::Client;
use super::event::{Event, wait_any};
use super::request::{Request, Waited};
use crate::Error;
use crate::answer::Claimed;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// How long the status of a claim that has ended may lag behind.
const LIMIT: Duration = Duration::from_secs(20);

/// A server with some claims waiting at the driver.
///
/// ```no_run
/// use csqctl::device::{Client, Event, Reply, Server};
/// let stop = Event::new()?;
/// let mut server = Server::new(Client::open()?, 2);
/// while let Some(claimed) = server.next(&stop)? {
///     let payload = &claimed.payload;
///     server.client().complete(claimed.id, Reply { status: 0, payload })?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Dropping it closes its handle. What it has claimed and not answered, and what its claims got in
/// the last moment, is pending again then.
#[derive(Debug)]
pub struct Server {
    // Before the client: a claim must end before its handle is closed, to be canceled in peace.
    claims: VecDeque<Request>,
    client: Client,
    depth: usize,
}

impl Server {
    /// A server that keeps `depth` claims waiting, one at least.
    #[must_use]
    pub fn new(client: Client, depth: usize) -> Self {
        Self {
            claims: VecDeque::new(),
            client,
            depth: depth.max(1),
        }
    }

    /// The handle that claims.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The next request, when there is one; `None` when `stop` is set before.
    ///
    /// # Errors
    /// The driver refuses, or the device goes away.
    pub fn next(&mut self, stop: &Event) -> Result<Option<Claimed>, Error> {
        if stop.wait(Some(Duration::ZERO)) {
            return Ok(None);
        }
        // The driver serves the oldest claim first.
        while self.claims.len() < self.depth {
            match self.client.claim_or_wait()? {
                // No older claim can be waiting for what was pending.
                Claim::Got(claimed) => return Ok(Some(claimed)),
                Claim::Waits(claim) => self.claims.push_back(claim),
            }
        }
        let Some(oldest) = self.claims.front() else {
            return Ok(None);
        };
        if wait_any(&[oldest.event(), stop], None) != Some(0) {
            return Ok(None);
        }
        let ended = oldest.wait(LIMIT);
        self.claims.pop_front();
        match ended {
            Waited::Ended(answer) => Claimed::from_answer(&answer).map(Some),
            Waited::Untold | Waited::TimedOut => {
                let lost = io::Error::other("its end was not told");
                Err(Error::system("a claim", lost))
            }
        }
    }
}
