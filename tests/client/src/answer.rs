//! What a driver answers, and how it is read. Nothing of it is trusted.

use crate::Error;
use csq_protocol::{status, wire};
use zerocopy::FromBytes;

/// What is said of a claim that fails.
pub(crate) const CLAIMING: &str = "claiming a request";

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The NTSTATUS.
    pub status: u32,
    /// How many bytes the driver says it returned.
    pub information: usize,
    /// The whole output buffer.
    pub output: Vec<u8>,
}

impl Answer {
    /// The bytes the driver returned.
    #[must_use]
    pub fn returned(&self) -> &[u8] {
        self.output.get(..self.information).unwrap_or(&self.output)
    }

    /// The structure that a successful answer consists of. `what` is what was asked, for the error.
    ///
    /// # Errors
    /// The driver refused, or answered with something else.
    pub fn structure<S: FromBytes>(&self, what: &str) -> Result<S, Error> {
        if self.status != status::SUCCESS {
            return Err(Error::Refused {
                what: what.to_owned(),
                status: self.status,
            });
        }
        let malformed = |_| Error::Malformed {
            what: what.to_owned(),
            length: self.information,
        };
        S::read_from_bytes(self.whole()).map_err(malformed)
    }

    /// The bytes the driver returned; none if it says that there are more than the buffer holds.
    fn whole(&self) -> &[u8] {
        self.output.get(..self.information).unwrap_or_default()
    }
}

/// A request that a server has claimed with its handle. Closing the handle gives it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The driver's name for it, for `Client::complete`.
    pub id: u64,
    /// The name it was pended with.
    pub tag: u64,
    /// What the client sends along.
    pub payload: Vec<u8>,
}

impl Claimed {
    /// What the answer to a claim says it got.
    ///
    /// # Errors
    /// It was refused, canceled, or is malformed.
    pub fn from_answer(answer: &Answer) -> Result<Self, Error> {
        let what = CLAIMING.to_owned();
        if answer.status != status::SUCCESS {
            let status = answer.status;
            return Err(Error::Refused { what, status });
        }
        match wire::Claimed::read_from_prefix(answer.whole()) {
            Ok((header, payload)) if payload.len() == header.payload_length.get() as usize => {
                Ok(Self {
                    id: header.id.get(),
                    tag: header.tag.get(),
                    payload: payload.to_vec(),
                })
            }
            _ => Err(Error::Malformed {
                what,
                length: answer.information,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use csq_protocol::wire::{Canceled, Version};

    fn answer(status: u32, information: usize) -> Answer {
        Answer {
            status,
            information,
            output: vec![1; 8],
        }
    }

    #[test]
    fn only_a_success_of_exactly_its_size_is_a_structure() {
        let canceled: Canceled = answer(status::SUCCESS, 8).structure("it").unwrap();
        assert_eq!(canceled.count.get(), 0x0101_0101_0101_0101);
        for bad in [
            answer(status::NOT_FOUND, 8),
            answer(status::SUCCESS, 7),
            answer(status::SUCCESS, 9),
            answer(status::SUCCESS, usize::MAX),
        ] {
            assert!(bad.structure::<Canceled>("it").is_err(), "{bad:?}");
        }
        assert!(
            answer(status::SUCCESS, 8)
                .structure::<Version>("it")
                .is_err()
        );
    }

    #[test]
    fn a_length_beyond_the_buffer_returns_no_more_than_the_buffer() {
        assert_eq!(answer(status::SUCCESS, usize::MAX).returned().len(), 8);
    }
}
