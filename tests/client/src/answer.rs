//! What a driver answers, and how it is read. Nothing of it is trusted.

use crate::Error;
use csq_protocol::status;
use zerocopy::FromBytes;

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
        // More than the buffer holds cannot have been returned.
        let returned = self.output.get(..self.information).unwrap_or_default();
        S::read_from_bytes(returned).map_err(malformed)
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
