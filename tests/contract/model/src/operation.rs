//! What programs and Windows do, as data.
//!
//! Handles, calls and ids are chosen by small numbers, which whoever executes the operation takes
//! modulo how many there are.
//!
//! The model makes its own inputs, and not by `csq_protocol::message`, which all other programs use: it is a
//! second opinion of the bytes, too.

use arbitrary::Arbitrary;
use csq_protocol::{VERSION, ioctl, status, wire};
use proptest_derive::Arbitrary as Strategy;
use zerocopy::IntoBytes;

use crate::ending::length;

/// `STATUS_NO_MORE_ENTRIES`, a warning that the driver itself never gives.
const WARNING: u32 = 0x8000_001a;

/// One step. What is impossible when its turn comes does nothing.
#[derive(Clone, Debug, Arbitrary, Strategy)]
pub enum Operation {
    /// Opens a handle with some rights.
    #[proptest(weight = 4)]
    Open(Access),
    /// Closes a handle.
    Close(u8),
    /// A well-formed request.
    #[proptest(weight = 14)]
    Pend {
        /// The handle.
        handle: u8,
        /// One of few tags.
        #[proptest(strategy = "0..4u8")]
        tag: u8,
        /// When it ends by itself.
        timeout: Timeout,
        /// What a server gets.
        payload: Payload,
        /// Room for what the server answers.
        room: u8,
    },
    /// Answers the oldest request.
    #[proptest(weight = 5)]
    CompleteNext(u8, Payload),
    /// Takes the oldest request, or waits for one.
    #[proptest(weight = 9)]
    Claim {
        /// The handle.
        handle: u8,
        /// Whether it waits.
        wait: bool,
    },
    /// Answers a request by an id that was told.
    #[proptest(weight = 9)]
    Complete {
        /// The handle; the same as that of the claim if `own`.
        handle: u8,
        /// Which of the ids, from the newest.
        #[proptest(strategy = "recent()")]
        id: u8,
        /// With what.
        status: Status,
        /// And with what payload.
        payload: Payload,
    },
    /// Cancels requests of its own.
    #[proptest(weight = 6)]
    Cancel(u8, Scope),
    /// `CancelIoEx` of one call.
    #[proptest(weight = 4)]
    CancelCall(u8),
    /// `CancelIoEx` of a handle.
    CancelHandle(u8),
    /// Asks for version and limits.
    Version(u8),
    /// Asks for the account. It is also asked for after each step.
    Statistics(u8),
    /// Any call.
    #[proptest(weight = 3)]
    Raw {
        /// The handle.
        handle: u8,
        /// The control code.
        code: Code,
        /// The input.
        #[proptest(strategy = "proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)")]
        input: Vec<u8>,
        /// The length of the output buffer.
        room: u16,
    },
    /// A well-formed call with one thing wrong.
    #[proptest(weight = 5)]
    Spoiled {
        /// The handle.
        handle: u8,
        /// What it would be.
        #[proptest(strategy = "0..7u8")]
        code: u8,
        /// What is wrong.
        spoil: Spoil,
    },
    /// Time passes, in milliseconds.
    #[proptest(weight = 3)]
    Wait(u8),
    /// Windows changes the power of the machine.
    Power,
    /// Windows asks whether the device can be stopped.
    QueryStop,
    /// It takes that back.
    #[proptest(weight = 2)]
    CancelStop,
    /// It stops the device.
    Stop,
    /// It starts it again.
    #[proptest(weight = 2)]
    Start,
    /// It asks whether the device can be removed.
    QueryRemove,
    /// It takes that back.
    #[proptest(weight = 2)]
    CancelRemove,
    /// The device is pulled out, or removed if no handle is open.
    Remove,
    /// It comes again.
    #[proptest(weight = 3)]
    Install,
}

/// With which rights a handle is opened.
#[derive(Clone, Copy, Debug, Arbitrary, Strategy)]
pub enum Access {
    /// Both.
    #[proptest(weight = 5)]
    All,
    /// A client's.
    Read,
    /// A server's.
    Write,
}

/// When a request ends by itself.
#[derive(Clone, Copy, Debug, Arbitrary, Strategy)]
pub enum Timeout {
    /// Never.
    #[proptest(weight = 3)]
    Never,
    /// After some milliseconds.
    After(u8),
    /// After the longest time there is.
    Longest,
}

/// A payload.
#[derive(Clone, Copy, Debug, Arbitrary, Strategy)]
pub enum Payload {
    /// None.
    None,
    /// A short one, with its first byte.
    #[proptest(weight = 3)]
    Short(u8, u8),
    /// The longest there is.
    Longest,
    /// One more than that.
    TooLong,
}

/// With what a request is answered.
#[derive(Clone, Copy, Debug, Arbitrary, Strategy)]
pub enum Status {
    /// Success.
    #[proptest(weight = 5)]
    Success,
    /// An error.
    Error,
    /// What a canceled request ends with.
    Cancelled,
    /// A warning.
    Warning,
    /// Something that is no end.
    Pending,
    /// Any.
    Other(u32),
}

/// Which requests are canceled.
#[derive(Clone, Copy, Debug, Arbitrary, Strategy)]
pub enum Scope {
    /// All.
    All,
    /// Those with a tag.
    Tag(#[proptest(strategy = "0..4u8")] u8),
    /// The one with an id that was told, from the newest.
    Id(#[proptest(strategy = "recent()")] u8),
}

/// A control code.
#[derive(Clone, Copy, Debug, Arbitrary, Strategy)]
pub enum Code {
    /// One of the protocol.
    #[proptest(weight = 3)]
    Known(#[proptest(strategy = "0..7u8")] u8),
    /// Any.
    Other(u32),
}

/// What is wrong with a call.
#[derive(Clone, Copy, Debug, Arbitrary, Strategy)]
pub enum Spoil {
    /// The input ends early, or has a byte more.
    Length(i8),
    /// One byte of the input is another.
    Byte(u8, u8),
    /// There is so much room for the answer.
    Room(u8),
}

/// Mostly one of the newest.
fn recent() -> impl proptest::strategy::Strategy<Value = u8> {
    proptest::prop_oneof![3 => 0..4u8, 1 => proptest::prelude::any::<u8>()]
}

impl Access {
    /// As rights.
    #[must_use]
    pub const fn rights(self) -> crate::Rights {
        crate::Rights {
            read: !matches!(self, Self::Write),
            write: !matches!(self, Self::Read),
        }
    }
}

impl Timeout {
    /// In milliseconds, 0 for never.
    #[must_use]
    pub fn milliseconds(self) -> u32 {
        match self {
            Self::Never => 0,
            Self::After(some) => u32::from(some),
            Self::Longest => u32::MAX,
        }
    }
}

impl Payload {
    /// Its bytes. No two neighbors are the same, so nobody takes it for memory that was not written.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        let (first, length) = match self {
            Self::None => (0, 0),
            Self::Short(first, length) => (first, usize::from(length)),
            Self::Longest => (1, csq_protocol::MAX_PAYLOAD as usize),
            Self::TooLong => (2, csq_protocol::MAX_PAYLOAD as usize + 1),
        };
        (first..=u8::MAX)
            .chain(0..first)
            .cycle()
            .take(length)
            .collect()
    }
}

impl Status {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Success => status::SUCCESS,
            Self::Error => status::INVALID_PARAMETER,
            Self::Cancelled => status::CANCELLED,
            Self::Warning => WARNING,
            Self::Pending => status::PENDING,
            Self::Other(code) => code,
        }
    }
}

impl Code {
    /// The number.
    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::Known(index) => known(index),
            Self::Other(code) => code,
        }
    }
}

/// One of the protocol's codes.
#[must_use]
pub fn known(index: u8) -> u32 {
    let all = ioctl::ALL.len();
    let code = ioctl::ALL.get(usize::from(index) % all);
    code.map_or(0, |(code, _)| *code)
}

/// Input of `PEND`.
#[must_use]
pub fn pend(tag: u64, timeout: u32, payload: &[u8]) -> Vec<u8> {
    let head = wire::Pend {
        version: VERSION.into(),
        timeout: timeout.into(),
        tag: tag.into(),
        payload_length: length(payload).into(),
        reserved: 0.into(),
    };
    [head.as_bytes(), payload].concat()
}

/// Input of `COMPLETE_NEXT`.
#[must_use]
pub fn complete_next(payload: &[u8]) -> Vec<u8> {
    let head = wire::CompleteNext {
        version: VERSION.into(),
        payload_length: length(payload).into(),
    };
    [head.as_bytes(), payload].concat()
}

/// Input of `CLAIM`.
#[must_use]
pub fn claim(wait: bool) -> Vec<u8> {
    let head = wire::Claim {
        version: VERSION.into(),
        flags: if wait { wire::claim::WAIT } else { 0 }.into(),
    };
    head.as_bytes().to_vec()
}

/// Input of `COMPLETE`.
#[must_use]
pub fn complete(id: u64, status: u32, payload: &[u8]) -> Vec<u8> {
    let head = wire::Complete {
        version: VERSION.into(),
        status: status.into(),
        id: id.into(),
        payload_length: length(payload).into(),
        reserved: 0.into(),
    };
    [head.as_bytes(), payload].concat()
}

/// Input of `CANCEL`.
#[must_use]
pub fn cancel(scope: u32, target: u64) -> Vec<u8> {
    let head = wire::Cancel {
        version: VERSION.into(),
        scope: scope.into(),
        target: target.into(),
    };
    head.as_bytes().to_vec()
}

/// Input of one of the protocol's codes, well-formed.
#[must_use]
pub fn sample(code: u32) -> Vec<u8> {
    match code {
        ioctl::PEND => pend(1, 0, b"payload"),
        ioctl::COMPLETE_NEXT => complete_next(b"answer"),
        ioctl::CLAIM => claim(false),
        ioctl::COMPLETE => complete(0, status::SUCCESS, b"answer"),
        ioctl::CANCEL => cancel(wire::scope::ALL, 0),
        _ => Vec::new(),
    }
}

impl Spoil {
    /// Spoils an input, or the room for an output.
    pub fn apply(self, input: &mut Vec<u8>, room: &mut usize) {
        match self {
            Self::Length(more) => {
                let length = input.len().saturating_add_signed(isize::from(more));
                input.resize(length, 0);
            }
            Self::Byte(place, value) => {
                let place = usize::from(place) % input.len().max(1);
                if let Some(byte) = input.get_mut(place) {
                    *byte = value;
                }
            }
            Self::Room(length) => *room = usize::from(length),
        }
    }
}
