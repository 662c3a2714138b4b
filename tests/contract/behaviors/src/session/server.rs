//! What a server does with its handle: it completes requests, or claims them first.

use super::{Session, structure};
use crate::expect;
use crate::outcome::Checked;
use crate::target::{Answer, Target};
use csq_protocol::message;
use csq_protocol::{ioctl, status, wire};
use zerocopy::{FromBytes, IntoBytes};

/// What a claim has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// [`wire::Claimed::id`].
    pub id: u64,
    /// [`wire::Claimed::tag`].
    pub tag: u64,
    /// The request's payload.
    pub payload: Vec<u8>,
}

impl<T: Target> Session<'_, T> {
    /// `COMPLETE_NEXT`, whatever it answers.
    ///
    /// # Errors
    /// It does not end.
    pub fn try_complete_next(&self, payload: &[u8]) -> Checked<Answer> {
        self.control(
            ioctl::COMPLETE_NEXT,
            &message::complete_next(payload),
            size_of::<wire::Completed>(),
        )
    }

    /// `COMPLETE_NEXT`, which must find a request.
    ///
    /// # Errors
    /// It finds none or answers wrongly.
    pub fn complete_next(&self, payload: &[u8]) -> Checked<wire::Completed> {
        let answer = self.try_complete_next(payload)?;
        let completed: wire::Completed = structure("COMPLETE_NEXT", &answer)?;
        expect::equal("Completed.reserved", 0, completed.reserved.get())?;
        Ok(completed)
    }

    /// `CLAIM` that does not wait, whatever it answers.
    ///
    /// # Errors
    /// It does not end.
    pub fn try_claim(&self) -> Checked<Answer> {
        self.control(
            ioctl::CLAIM,
            message::claim(0).as_bytes(),
            message::ANY_ROOM,
        )
    }

    /// `CLAIM`, which must find a request.
    ///
    /// # Errors
    /// It finds none or answers wrongly.
    pub fn claim(&self) -> Checked<Claimed> {
        claimed(&self.try_claim()?)
    }

    /// `CLAIM` that waits, and gets a request in the end.
    ///
    /// # Errors
    /// It does not.
    pub fn await_claim(&self) -> Checked<Claimed> {
        let input = message::claim(wire::claim::WAIT);
        claimed(&self.control(ioctl::CLAIM, input.as_bytes(), message::ANY_ROOM)?)
    }

    /// What a claim that waited has got; it must have.
    ///
    /// # Errors
    /// It does not end, or got nothing.
    pub fn claimed(&self, claim: &T::Request) -> Checked<Claimed> {
        claimed(&self.ending(claim)?)
    }

    /// `COMPLETE`, whatever it answers.
    ///
    /// # Errors
    /// It does not end.
    pub fn try_complete(&self, id: u64, status: u32, payload: &[u8]) -> Checked<Answer> {
        self.control(
            ioctl::COMPLETE,
            &message::complete(id, status, payload),
            size_of::<wire::Delivered>(),
        )
    }

    /// `COMPLETE`, which must find the claim; returns how many bytes were delivered.
    ///
    /// # Errors
    /// It does not find it or answers wrongly.
    pub fn complete(&self, id: u64, status: u32, payload: &[u8]) -> Checked<usize> {
        let answer = self.try_complete(id, status, payload)?;
        let delivered: wire::Delivered = structure("COMPLETE", &answer)?;
        expect::equal("Delivered.reserved", 0, delivered.reserved.get())?;
        Ok(delivered.delivered.get() as usize)
    }

    /// `COMPLETE`, which must not find the claim.
    ///
    /// # Errors
    /// It does.
    pub fn complete_finds_nothing(&self, what: &str, id: u64) -> Checked {
        let answer = self.try_complete(id, status::SUCCESS, b"for nobody")?;
        let what = format!("COMPLETE of {what}");
        expect::status(&what, status::NOT_FOUND, answer.status)?;
        expect::equal("the length it returns", 0, answer.information)
    }

    /// `CLAIM` that waits, with nothing there to claim.
    ///
    /// # Errors
    /// It does not wait.
    pub fn claim_waiting(&self) -> Checked<T::Request> {
        let input = message::claim(wire::claim::WAIT);
        let (what, input) = ("CLAIM that waits", input.as_bytes());
        self.pends(what, ioctl::CLAIM, input, message::ANY_ROOM)
    }

    /// `CLAIM` that waits, or is told why not.
    ///
    /// # Errors
    /// It ended and wrote where it must not.
    pub fn try_claim_waiting(&self) -> Checked<Result<T::Request, Answer>> {
        let input = message::claim(wire::claim::WAIT);
        self.submit(ioctl::CLAIM, input.as_bytes(), message::ANY_ROOM)
    }
}

/// What the answer to a successful claim says.
///
/// # Errors
/// It is none, or malformed.
pub fn claimed(answer: &Answer) -> Checked<Claimed> {
    expect::status("CLAIM", status::SUCCESS, answer.status)?;
    let returned = answer.output.get(..answer.information).unwrap_or_default();
    let Ok((header, payload)) = wire::Claimed::read_from_prefix(returned) else {
        let length = returned.len().to_string();
        return expect::failed("the length CLAIM returns", "24 or more", length);
    };
    expect::equal("Claimed.reserved", 0, header.reserved.get())?;
    let length = header.payload_length.get() as usize;
    expect::equal("Claimed.payload_length", payload.len(), length)?;
    Ok(Claimed {
        id: header.id.get(),
        tag: header.tag.get(),
        payload: payload.to_vec(),
    })
}
