#![doc = include_str!("../statuses.md")]
//!
//! The numbers are those of `ntstatus.h` and
//! <https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55>, and of
//! `winerror.h`. When a packet follows is said by "`CancelThreadpoolIo` function", "`SetFileCompletionNotificationModes`
//! function" and, for the end of a thread, "New for Windows Vista: thread agnostic I/O".

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $win32:literal;)*) => {
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

        /// The Win32 error that a status of this module becomes: what `RtlNtStatusToDosError` gives.
        #[must_use]
        pub const fn win32_error(status: u32) -> Option<u32> {
            match status {
                $($name => Some($win32),)*
                _ => None,
            }
        }
    };
}

statuses! {
    /// Done.
    SUCCESS = 0x0000_0000, 0;
    /// The driver keeps the request; the answer comes later.
    PENDING = 0x0000_0103, 997;
    /// The answer did not fit into the request's output buffer; what fitted was delivered.
    BUFFER_OVERFLOW = 0x8000_0005, 234;
    /// The length of the input is not what its contents say.
    INFO_LENGTH_MISMATCH = 0xC000_0004, 24;
    /// A field of the input has a value it must not have.
    INVALID_PARAMETER = 0xC000_000D, 87;
    /// The driver does not know this control code.
    INVALID_DEVICE_REQUEST = 0xC000_0010, 1;
    /// The handle lacks the access right that the control code asks for.
    ACCESS_DENIED = 0xC000_0022, 5;
    /// The output buffer cannot hold the answer.
    BUFFER_TOO_SMALL = 0xC000_0023, 122;
    /// The handle, or the device, has as many requests as it may have.
    QUOTA_EXCEEDED = 0xC000_0044, 1816;
    /// The versions of the program and of the driver differ.
    REVISION_MISMATCH = 0xC000_0059, 1306;
    /// There is no memory left for what the request needs.
    INSUFFICIENT_RESOURCES = 0xC000_009A, 1450;
    /// The device is not started, or is asked whether it may be removed.
    DEVICE_NOT_READY = 0xC000_00A3, 21;
    /// The request's time was over before anybody ended it.
    IO_TIMEOUT = 0xC000_00B5, 121;
    /// The request was canceled.
    CANCELLED = 0xC000_0120, 995;
    /// The handle is being closed.
    FILE_CLOSED = 0xC000_0128, 6;
    /// The payload is too long.
    INVALID_BUFFER_SIZE = 0xC000_0206, 1784;
    /// Nothing is pending, or no request matches.
    NOT_FOUND = 0xC000_0225, 1168;
    /// The device is gone.
    DEVICE_REMOVED = 0xC000_02B6, 1617;
}

/// The statuses with which no server may end a request ([`crate::wire::Complete::status`]): with
/// [`PENDING`] and -1 no IRP ends; `STATUS_REPARSE` is for opening files, and with the warning
/// `STATUS_VERIFY_REQUIRED` the I/O manager copies no output, of which the server would be told that it
/// was delivered.
pub const NO_ENDING: [u32; 4] = [PENDING, 0x0000_0104, 0x8000_0016, 0xffff_ffff];

/// `NT_ERROR`: whether a status is an error, and not a success, an information or a warning. With an
/// error the I/O manager gives a program no output and, at once, no completion packet.
#[must_use]
pub const fn is_error(status: u32) -> bool {
    status >> 30 == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found() {
        assert_eq!(name(CANCELLED), Some("CANCELLED"));
        assert_eq!(name(0xC000_0001), None);
    }

    /// The cells of the rows of the table, without their marks.
    fn rows() -> impl Iterator<Item = [&'static str; 4]> {
        let lines = include_str!("../statuses.md").lines();
        lines.filter(|line| line.starts_with("| `")).map(|line| {
            let mut cells = line.split('|').skip(1).map(str::trim);
            std::array::from_fn(|_| cells.next().expect("four cells"))
        })
    }

    #[test]
    fn the_table_has_these_statuses_and_no_others() {
        let mut count = 0;
        for ([name, number, win32, packet], (status, known)) in rows().zip(ALL) {
            assert_eq!(name.trim_matches('`'), *known);
            assert_eq!(number, std::format!("{status:#010X}").replace('X', "x"));
            let error = win32.split(' ').next().expect("a number");
            assert_eq!(error.parse().ok(), win32_error(*status), "{known}");
            let expected = match *status {
                PENDING => "later",
                status if is_error(status) => "no",
                _ => "yes",
            };
            assert_eq!(packet, expected, "{known}");
            count += 1;
        }
        assert_eq!((count, rows().count()), (ALL.len(), ALL.len()));
    }

    #[test]
    fn what_ends_at_once_in_no_success_is_an_error() {
        for (status, name) in ALL {
            // The warning belongs to a request that was pending.
            let other = matches!(*status, SUCCESS | PENDING | BUFFER_OVERFLOW);
            assert!(other || is_error(*status), "{name}");
        }
    }
}
