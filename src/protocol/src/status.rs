//! The NTSTATUS values that csq.sys answers with, as in `ntstatus.h` and
//! <https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55>.

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        $($(#[$doc])* pub const $name: u32 = $value;)*

        /// Every status of this module, with its name.
        pub const ALL: &[(u32, &str)] = &[$(($name, stringify!($name))),*];

        /// The name of a status of this module, as in `ntstatus.h` but without `STATUS_`.
        #[must_use]
        pub const fn name(status: u32) -> Option<&'static str> {
            match status {
                $($name => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

statuses! {
    /// Done.
    SUCCESS = 0x0000_0000;
    /// The driver keeps the request; the answer comes later.
    PENDING = 0x0000_0103;
    /// The answer did not fit into the request's output buffer; what fitted was delivered.
    BUFFER_OVERFLOW = 0x8000_0005;
    /// Nothing is pending.
    NO_MORE_ENTRIES = 0x8000_001A;
    /// The length of the input is not what its contents say.
    INFO_LENGTH_MISMATCH = 0xC000_0004;
    /// A field of the input has a value it must not have.
    INVALID_PARAMETER = 0xC000_000D;
    /// The driver does not know this control code.
    INVALID_DEVICE_REQUEST = 0xC000_0010;
    /// The handle lacks the access right that the control code asks for.
    ACCESS_DENIED = 0xC000_0022;
    /// The output buffer cannot hold the answer.
    BUFFER_TOO_SMALL = 0xC000_0023;
    /// The device is removed, or about to be.
    DELETE_PENDING = 0xC000_0056;
    /// The handle, or the device, has as many requests as it may have.
    QUOTA_EXCEEDED = 0xC000_0044;
    /// The versions of the program and of the driver differ.
    REVISION_MISMATCH = 0xC000_0059;
    /// There is no memory left for what the request needs.
    INSUFFICIENT_RESOURCES = 0xC000_009A;
    /// The request's time was over before anybody ended it.
    IO_TIMEOUT = 0xC000_00B5;
    /// The device is not started.
    DEVICE_NOT_READY = 0xC000_00A3;
    /// The request was canceled.
    CANCELLED = 0xC000_0120;
    /// The handle is being closed.
    FILE_CLOSED = 0xC000_0128;
    /// The payload is too long.
    INVALID_BUFFER_SIZE = 0xC000_0206;
    /// No request matches.
    NOT_FOUND = 0xC000_0225;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        assert_eq!(name(CANCELLED), Some("CANCELLED"));
        assert_eq!(name(0xC000_0001), None);
    }
}
