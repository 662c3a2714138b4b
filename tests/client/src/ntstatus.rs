//! Names and sentences for NTSTATUS values.

use csq_protocol::status;

/// Statuses that do not come from the driver but from the host around it.
const OF_THE_HOST: [(u32, &str); 8] = [
    (0xc000_0002, "NOT_IMPLEMENTED"),
    (0xc000_0005, "ACCESS_VIOLATION"),
    (0xc000_0008, "INVALID_HANDLE"),
    (0xc000_000e, "NO_SUCH_DEVICE"),
    (0xc000_009d, "DEVICE_NOT_CONNECTED"),
    (0xc000_0123, "FILE_DELETED"),
    (0xc000_02b6, "DEVICE_REMOVED"),
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

/// What a status of the driver means to the one who asked, with its name.
#[must_use]
pub fn sentence(status: u32) -> String {
    let meaning = match status {
        status::NO_MORE_ENTRIES => "nothing is pending",
        status::NOT_FOUND => "no request matches",
        status::CANCELLED => "the request was canceled",
        status::BUFFER_OVERFLOW => "the answer did not fit, and only its beginning arrived",
        status::DELETE_PENDING => "the device is being removed",
        status::DEVICE_NOT_READY => "the device is not started",
        status::FILE_CLOSED => "the handle is being closed",
        status::INVALID_BUFFER_SIZE => "the payload is too long",
        status::INVALID_DEVICE_REQUEST => "the driver does not know this control code",
        status::ACCESS_DENIED => "the handle was not opened for this",
        status::REVISION_MISMATCH => "driver and program speak different versions of the protocol",
        status::INSUFFICIENT_RESOURCES => "the driver is out of memory",
        _ => return format!("ended with {}", name(status)),
    };
    format!("{meaning} ({})", name(status))
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
    fn every_sentence_holds_the_name() {
        for status in [status::NO_MORE_ENTRIES, status::NOT_SUPPORTED, 0xc000_1234] {
            assert!(sentence(status).contains(&name(status)));
        }
    }
}
