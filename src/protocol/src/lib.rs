//! The contract between `csq.sys` and the programs that talk to it.
//!
//! Both ends are built from this crate, so they cannot disagree. It holds the IOCTL codes
//! ([`ioctl`]), the bytes that go with them ([`wire`]), the statuses that come back ([`status`])
//! and the GUID of the device interface by which a program finds the device. With the feature `client`,
//! which the driver has not, `message` makes the bytes of each request.
//!
//! | code | input | output | answers |
//! |---|---|---|---|
//! | [`ioctl::QUERY_VERSION`] | none | [`wire::Version`] | |
//! | [`ioctl::PEND`] | [`wire::Pend`] + payload | the completer's payload | when somebody ends it |
//! | [`ioctl::COMPLETE_NEXT`] | [`wire::CompleteNext`] + payload | [`wire::Completed`] | `NOT_FOUND` when nothing is pending |
//! | [`ioctl::CANCEL`] | [`wire::Cancel`] | [`wire::Canceled`] | `NOT_FOUND` when nothing matches |
//! | [`ioctl::QUERY_STATISTICS`] | none | [`wire::Statistics`] | |
//! | [`ioctl::CLAIM`] | [`wire::Claim`] | [`wire::Claimed`] + payload | `NOT_FOUND` when nothing is pending, or later |
//! | [`ioctl::COMPLETE`] | [`wire::Complete`] + payload | [`wire::Delivered`] | `NOT_FOUND` when the handle has no such claim (any more) |
//!
//! # Errors
//!
//! Each answers bad input with one status and changes nothing:
//!
//! | what is wrong | status |
//! |---|---|
//! | the code is not one of the table | [`status::INVALID_DEVICE_REQUEST`] |
//! | the handle was not opened for the access the code asks for | [`status::ACCESS_DENIED`] |
//! | the input is shorter than its structure, or has bytes where there is none | [`status::INFO_LENGTH_MISMATCH`] |
//! | the input's length is not that of its structure plus its payload | [`status::INFO_LENGTH_MISMATCH`] |
//! | the output buffer is shorter than the answer's structure | [`status::BUFFER_TOO_SMALL`] |
//! | the payload, or the output buffer of a `PEND`, is longer than [`MAX_PAYLOAD`]; that of a `CLAIM` that may wait, than a payload with its [`wire::Claimed`] | [`status::INVALID_BUFFER_SIZE`] |
//! | the version in the input is not [`VERSION`] | [`status::REVISION_MISMATCH`] |
//! | a reserved field is not zero, or a scope, a flag or a status is none that is allowed | [`status::INVALID_PARAMETER`] |
//! | the handle or the device has as many requests as it may | [`status::QUOTA_EXCEEDED`] |
//! | the device is gone | [`status::DEVICE_REMOVED`] |
//! | the device is stopped, not yet started, or asked whether it may be removed | [`status::DEVICE_NOT_READY`] |
//! | the handle is being closed | [`status::FILE_CLOSED`] |
//!
//! What each is to a Win32 program, and whether a completion packet follows, says [`status`].

#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "client")]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod ioctl;
#[cfg(feature = "client")]
pub mod message;
pub mod status;
pub mod wire;

/// The version of everything in this crate. Each input carries it, so that a program and a driver
/// of different ages notice.
///
/// 2 has other statuses than 1 for "nothing is pending" and for a device that is gone, and refuses two
/// statuses more for [`wire::Complete::status`].
pub const VERSION: u32 = 2;

/// The longest payload, in bytes, of a request or of an answer.
pub const MAX_PAYLOAD: u32 = 4096;

/// The device interface class under which every csq device registers itself, in the order of the
/// fields of a Windows `GUID`: `{5C2B71A2-8A9E-4B1D-9B52-3F6E0C51D7A4}`.
pub const INTERFACE_CLASS: (u32, u16, u16, [u8; 8]) = (
    0x5c2b_71a2,
    0x8a9e,
    0x4b1d,
    [0x9b, 0x52, 0x3f, 0x6e, 0x0c, 0x51, 0xd7, 0xa4],
);
