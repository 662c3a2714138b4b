//! How requests end, and whether the driver's answer says the same.

use std::collections::BTreeMap;

use csq_protocol::{VERSION, status, wire};
use zerocopy::{FromBytes, IntoBytes};

/// How a call must end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// One of these statuses.
    pub statuses: Vec<u32>,
    /// What it returns.
    pub output: Output,
}

/// What a call must return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Nothing.
    Nothing,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A [`wire::Completed`] of the request that was this call.
    Completed {
        /// The call.
        call: usize,
        /// Its tag.
        tag: u64,
        /// How much it got.
        delivered: u32,
    },
    /// A [`wire::Claimed`] of the request that was this call.
    Claimed {
        /// The call.
        call: usize,
        /// Its tag.
        tag: u64,
        /// Its payload.
        payload: Vec<u8>,
    },
}

/// The ids that the driver has told, by the calls that were the requests.
#[derive(Clone, Debug, Default)]
pub struct Ids(BTreeMap<usize, u64>);

impl Ids {
    /// The id of a request, if the driver has told it.
    #[must_use]
    pub fn of(&self, call: usize) -> Option<u64> {
        self.0.get(&call).copied()
    }

    /// The request with an id.
    #[must_use]
    pub fn find(&self, id: u64) -> Option<usize> {
        let mut told = self.0.iter();
        told.find_map(|(call, own)| (*own == id).then_some(*call))
    }

    /// The driver says that a request has this id.
    ///
    /// # Errors
    /// It has said something else before.
    pub fn learn(&mut self, call: usize, id: u64) -> Result<(), String> {
        match (self.find(id), self.of(call)) {
            (None, None) => {
                self.0.insert(call, id);
                Ok(())
            }
            (Some(known), _) if known == call => Ok(()),
            (other, own) => Err(format!(
                "the request of call {call} has the id {id:#x}; before, that was the id of call {other:?}, and its own was {own:x?}"
            )),
        }
    }

    /// Forgets all: another device begins.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Ending {
    /// With a status and nothing else.
    #[must_use]
    pub fn status(status: u32) -> Self {
        Self::any(vec![status])
    }

    /// With one of these statuses and nothing else.
    #[must_use]
    pub const fn any(statuses: Vec<u32>) -> Self {
        Self {
            statuses,
            output: Output::Nothing,
        }
    }

    /// With success, and an output.
    #[must_use]
    pub fn success(output: Output) -> Self {
        Self {
            statuses: vec![status::SUCCESS],
            output,
        }
    }

    /// With success, and a structure.
    #[must_use]
    pub fn structure(structure: &impl StructureBytes) -> Self {
        Self::success(Output::Bytes(structure.bytes()))
    }

    /// Compares with how the driver has ended the call: status and the bytes returned.
    ///
    /// # Errors
    /// A sentence on the difference.
    pub fn compare(&self, status: u32, returned: &[u8], ids: &mut Ids) -> Result<(), String> {
        if !self.statuses.contains(&status) {
            return Err(format!(
                "it ended with {status:#010x} and not with {:#010x?}",
                self.statuses
            ));
        }
        match &self.output {
            Output::Nothing if returned.is_empty() => Ok(()),
            Output::Bytes(bytes) if bytes == returned => Ok(()),
            Output::Completed {
                call,
                tag,
                delivered,
            } => {
                let told = wire::Completed::read_from_bytes(returned)
                    .map_err(|_| "the answer is no Completed")?;
                ids.learn(*call, told.id.get())?;
                let expected = wire::Completed {
                    tag: (*tag).into(),
                    delivered: (*delivered).into(),
                    id: told.id,
                    reserved: 0.into(),
                };
                same(&expected, &told)
            }
            Output::Claimed { call, tag, payload } => {
                let (told, rest) = wire::Claimed::read_from_prefix(returned)
                    .map_err(|_| "the answer is no Claimed")?;
                ids.learn(*call, told.id.get())?;
                let expected = wire::Claimed {
                    tag: (*tag).into(),
                    payload_length: length(payload).into(),
                    id: told.id,
                    reserved: 0.into(),
                };
                same(&expected, &told)?;
                same(&payload.as_slice(), &rest)
            }
            output => Err(format!(
                "it returned {returned:x?}{} and not {output:x?}",
                statistics(returned)
            )),
        }
    }
}

/// In words, if it has the length of statistics.
fn statistics(returned: &[u8]) -> String {
    wire::Statistics::read_from_bytes(returned)
        .map_or_else(|_| String::new(), |told| format!(" ({told:?})"))
}

fn same<T: PartialEq + std::fmt::Debug>(expected: &T, told: &T) -> Result<(), String> {
    if expected == told {
        Ok(())
    } else {
        Err(format!("it returned {told:?} and not {expected:?}"))
    }
}

/// A payload's length, in the width that it has on the wire.
pub(crate) fn length(payload: &[u8]) -> u32 {
    u32::try_from(payload.len()).unwrap_or(u32::MAX)
}

/// A structure of the protocol.
pub trait StructureBytes {
    /// Its bytes.
    fn bytes(&self) -> Vec<u8>;
}

impl<T: IntoBytes + zerocopy::Immutable> StructureBytes for T {
    fn bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
}

/// [`VERSION`] as it travels.
pub(crate) fn version() -> zerocopy::little_endian::U32 {
    VERSION.into()
}
