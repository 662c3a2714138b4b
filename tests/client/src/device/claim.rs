//! What a server does: it claims requests, and answers each by its id.

use super::client::Client;
use super::request::{Request, Submitted};
use crate::Error;
use crate::answer::{CLAIMING, Claimed};
use csq_protocol::message;
use csq_protocol::{ioctl, status, wire};
use zerocopy::IntoBytes;

/// What came of a claim that may wait.
#[derive(Debug)]
pub enum Claim {
    /// A request was pending.
    Got(Claimed),
    /// The claim waits for one. When it has ended, [`Claimed::from_answer`] knows what it got.
    Waits(Request),
}

/// How a server answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The NTSTATUS the request is to end with.
    pub status: u32,
    /// What the client gets. Empty if `status` is an error.
    pub payload: &'a [u8],
}

impl Client {
    /// Takes the oldest pending request of anybody to this handle; `None` if nothing is pending.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn claim(&self) -> Result<Option<Claimed>, Error> {
        let input = message::claim(0).as_bytes().to_vec();
        let answer = self.control(CLAIMING, ioctl::CLAIM, input, message::ANY_ROOM)?;
        if answer.status == status::NOT_FOUND {
            return Ok(None);
        }
        Claimed::from_answer(&answer).map(Some)
    }

    /// The same, but if nothing is pending the claim waits until something is.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn claim_or_wait(&self) -> Result<Claim, Error> {
        let input = message::claim(wire::claim::WAIT).as_bytes().to_vec();
        let output = vec![0; message::ANY_ROOM];
        match self.handle().submit(ioctl::CLAIM, input, output) {
            Ok(Submitted::Pending(request)) => Ok(Claim::Waits(request)),
            Ok(Submitted::Ended(answer)) => Claimed::from_answer(&answer).map(Claim::Got),
            Err(error) => Err(Error::system(CLAIMING, error)),
        }
    }

    /// Ends a request that this handle has claimed; returns how many bytes of the payload fitted.
    /// `None` if the claim is gone: the request was canceled or timed out meanwhile.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn complete(&self, id: u64, reply: Reply<'_>) -> Result<Option<u32>, Error> {
        let what = "completing a request";
        let input = message::complete(id, reply.status, reply.payload);
        let room = size_of::<wire::Delivered>();
        let answer = self.control(what, ioctl::COMPLETE, input, room)?;
        if answer.status == status::NOT_FOUND {
            return Ok(None);
        }
        let delivered: wire::Delivered = answer.structure(what)?;
        Ok(Some(delivered.delivered.get()))
    }
}
