//! Names and sentences for NTSTATUS values.
//!
#![doc = include_str!("../../../src/protocol/statuses.md")]

use csq_protocol::status;

/// Statuses that do not come from the driver but from the host around it.
const OF_THE_HOST: [(u32, &str); 9] = [
    (0x8000_001a, "NO_MORE_ENTRIES"),
    (0xc000_0002, "NOT_IMPLEMENTED"),
    (0xc000_0005, "ACCESS_VIOLATION"),
    (0xc000_0008, "INVALID_HANDLE"),
    (0xc000_000e, "NO_SUCH_DEVICE"),
    (0xc000_0056, "DELETE_PENDING"),
    (0xc000_009d, "DEVICE_NOT_CONNECTED"),
    (0xc000_0123, "FILE_DELETED"),
    (0xc000_0034, "OBJECT_NAME_NOT_FOUND"),
];

/// The name of a status with `STATUS_` before it, or its number.
#[must_use]
pub fn name(status: u32) -> String {
    let host = || {
        OF_THE_HOST
            .iter()
            .find(|(value, _)| *value == status)
            .map(|(_, name)| *name)
    };
    match status::name(status).or_else(host) {
        Some(name) => format!("STATUS_{name}"),
        None => format!("status {status:#010x}"),
    }
}

/// A status from its name, with or without `STATUS_`, or from its number, as 0x and eight digits or
/// in decimal.
///
/// # Errors
/// A sentence on what is wrong with it.
pub fn parse(text: &str) -> Result<u32, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    if let Ok(number) = number {
        return Ok(number);
    }
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("STATUS_").unwrap_or(&name);
    let mut known = status::ALL.iter().chain(&OF_THE_HOST);
    known
        .find(|(_, known)| *known == name)
        .map(|(value, _)| *value)
        .ok_or_else(|| {
            "neither a number (such as 0xC0000001) nor a status this program knows".into()
        })
}

/// What a status of the driver means to the one who asked, with its name.
#[must_use]
pub fn sentence(status: u32) -> String {
    let meaning = match status {
        status::NOT_FOUND => "there is no such request",
        status::CANCELLED => "the request was canceled",
        status::IO_TIMEOUT => "the request's time was over",
        status::QUOTA_EXCEEDED => "there are as many requests as there may be",
        status::INVALID_PARAMETER => "a part of the request is not allowed",
        status::BUFFER_OVERFLOW => "the answer did not fit, and only its beginning arrived",
        status::DEVICE_REMOVED => "the device is gone",
        status::DEVICE_NOT_READY => "the device is not started, or is about to be removed",
        status::FILE_CLOSED => "the handle is being closed",
        status::INVALID_BUFFER_SIZE => "a payload has at most 4096 bytes",
        status::INVALID_DEVICE_REQUEST => "the driver does not know this control code",
        status::ACCESS_DENIED => "the handle was not opened for this",
        status::REVISION_MISMATCH => "driver and program speak different versions of the protocol",
        status::INSUFFICIENT_RESOURCES => "the driver is out of memory",
        _ => return format!("ended with {}", name(status)),
    };
    format!("{meaning} ({})", name(status))
}

/// How a request that was pending has ended: what the driver's own endings mean, and otherwise that a server
/// chose the status.
#[must_use]
pub fn ending(status: u32) -> String {
    match status {
        status::CANCELLED | status::IO_TIMEOUT | status::DEVICE_REMOVED => sentence(status),
        _ => format!("a server ended it with {}", name(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_driver_and_host_are_known() {
        assert_eq!(name(status::CANCELLED), "STATUS_CANCELLED");
        assert_eq!(name(0xc000_000e), "STATUS_NO_SUCH_DEVICE");
        assert_eq!(name(0xc000_1234), "status 0xc0001234");
    }

    #[test]
    fn the_longest_payload_is_the_protocol_s() {
        let sentence = sentence(status::INVALID_BUFFER_SIZE);
        assert!(sentence.contains(&csq_protocol::MAX_PAYLOAD.to_string()));
    }

    #[test]
    fn every_sentence_holds_the_name() {
        for status in status::ALL
            .iter()
            .map(|(value, _)| *value)
            .chain([0xc000_1234])
        {
            assert!(sentence(status).contains(&name(status)));
        }
    }

    #[test]
    fn a_status_is_a_name_or_a_number() {
        for text in [
            "IO_TIMEOUT",
            "STATUS_IO_TIMEOUT",
            "status_io_timeout",
            "0xC00000B5",
        ] {
            assert_eq!(parse(text), Ok(status::IO_TIMEOUT), "{text}");
        }
        assert_eq!(parse("0"), Ok(status::SUCCESS));
        for (value, name) in status::ALL {
            assert_eq!(parse(name), Ok(*value));
        }
        for text in ["", "0x", "-1", "0x1C00000B5", "nonsense", "STATUS_"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
