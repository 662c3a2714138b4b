//! The device control codes.
//!
//! See "Defining I/O Control Codes" in the Windows driver documentation:
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/defining-i-o-control-codes>.
//!
//! All codes use `METHOD_BUFFERED`, and none can be had without an access right: [`Access`] has no
//! member for `FILE_ANY_ACCESS`. The I/O manager compares that right with the ones the handle was
//! opened with before the driver sees the request.

/// `FILE_DEVICE_UNKNOWN`, the type of the device object and of every code.
pub const DEVICE_TYPE: u32 = 0x22;

/// The right a handle must have been opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Access {
    /// `FILE_READ_DATA`: a client, who waits for answers.
    Client = 1,
    /// `FILE_WRITE_DATA`: a server, who gives them.
    Server = 2,
}

/// With which rights a handle is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// `GENERIC_READ`, which includes `FILE_READ_DATA`.
    pub read: bool,
    /// `GENERIC_WRITE`, which includes `FILE_WRITE_DATA`.
    pub write: bool,
}

impl Rights {
    /// Both rights.
    pub const ALL: Self = Self::new(true, true);
    /// A client's right only.
    pub const READ: Self = Self::new(true, false);
    /// A server's right only.
    pub const WRITE: Self = Self::new(false, true);
    /// Neither.
    pub const NONE: Self = Self::new(false, false);

    const fn new(read: bool, write: bool) -> Self {
        Self { read, write }
    }
}

/// `METHOD_BUFFERED`.
const METHOD_BUFFERED: u32 = 0;

/// The first function number that is not reserved for Microsoft.
const VENDOR_FUNCTION: u32 = 0x800;

/// `CTL_CODE`, narrowed to what this project allows itself.
const fn control_code(function: u32, access: Access) -> u32 {
    let function = VENDOR_FUNCTION + function;
    assert!(function <= 0xfff, "a function number has 12 bits");
    (DEVICE_TYPE << 16) | ((access as u32) << 14) | (function << 2) | METHOD_BUFFERED
}

macro_rules! codes {
    ($count:literal codes: $($(#[doc = $doc:literal])* $name:ident = $function:literal, $access:ident;)*) => {
        $($(#[doc = $doc])* pub const $name: u32 = control_code($function, Access::$access);)*

        /// Every code the driver answers, with its name.
        pub const ALL: [(u32, &str); $count] = [$(($name, stringify!($name))),*];

        /// The same with its documentation, line by line, for csq.h.
        pub const DESCRIBED: [(u32, &str, &[&str]); $count] = [$(($name, stringify!($name), &[$($doc),*])),*];
    };
}

codes! {
    7 codes:

    /// Asks which protocol the driver speaks.
    QUERY_VERSION = 0, Client;
    /// Leaves a request with the driver until somebody ends it.
    PEND = 1, Client;
    /// Ends the oldest pending request with success and a payload.
    COMPLETE_NEXT = 2, Server;
    /// Ends the caller's own requests with [`crate::status::CANCELLED`], wherever they are.
    CANCEL = 3, Client;
    /// Reads the account of all requests.
    QUERY_STATISTICS = 4, Client;
    /// Takes the oldest pending request to the caller's handle, which can then answer it by its id.
    CLAIM = 5, Server;
    /// Ends a request that the caller's handle has claimed, with a status and a payload.
    COMPLETE = 6, Server;
}

/// The `METHOD_*` part of a code.
#[must_use]
pub const fn method(code: u32) -> u32 {
    code & 3
}

/// The `FILE_*_ACCESS` part of a code.
#[must_use]
pub const fn access(code: u32) -> u32 {
    (code >> 14) & 3
}

// TR-81, TR-82: no METHOD_NEITHER, no FILE_ANY_ACCESS.
const _: () = {
    let mut rest: &[(u32, &str)] = &ALL;
    while let [(code, _), tail @ ..] = rest {
        assert!(method(*code) == METHOD_BUFFERED);
        assert!(access(*code) != 0);
        rest = tail;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_headers_macro() {
        // CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_READ_DATA)
        assert_eq!(PEND, 0x0022_6004);
        // CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_BUFFERED, FILE_WRITE_DATA)
        assert_eq!(COMPLETE_NEXT, 0x0022_a008);
    }

    #[test]
    fn codes_differ() {
        for (index, (code, _)) in ALL.iter().enumerate() {
            assert!(ALL[index + 1..].iter().all(|(other, _)| other != code));
        }
    }
}
