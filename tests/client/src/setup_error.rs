//! What SetupAPI means by its errors.
//!
//! `GetLastError` after a SetupAPI function is a Win32 error or one of SetupAPI's own, 0xE000nnnn, of which
//! `FormatMessage` knows nothing: the header's macro `HRESULT_FROM_SETUPAPI` makes an HRESULT of it first. See
//! "Guidelines for Using SetupAPI":
//! <https://learn.microsoft.com/windows-hardware/drivers/install/guidelines-for-using-setupapi>.

use std::io;

/// `APPLICATION_ERROR_MASK | ERROR_SEVERITY_ERROR`, by which SetupAPI's own errors are known.
const OWN: u32 = 0xe000_0000;
/// An error HRESULT of `FACILITY_SETUPAPI`.
const FACILITY: u32 = 0x800f_0000;

/// `HRESULT_FROM_SETUPAPI`, of SetupAPI's own errors; `None` for a Win32 error.
#[must_use]
pub const fn hresult(error: u32) -> Option<u32> {
    if error & OWN == OWN {
        Some(FACILITY | error & 0xffff)
    } else {
        None
    }
}

/// The low halves of the errors, their names after `SPAPI_E_`, and what they mean.
const MEANINGS: &[(u32, &str, &str)] = &[
    (
        0x000,
        "EXPECTED_SECTION_NAME",
        "the INF has a line before its first [section]",
    ),
    (
        0x001,
        "BAD_SECTION_NAME_LINE",
        "the name of a section of the INF does not end with ]",
    ),
    (
        0x002,
        "SECTION_NAME_TOO_LONG",
        "the name of a section of the INF is too long",
    ),
    (0x003, "GENERAL_SYNTAX", "a line of the INF makes no sense"),
    (
        0x100,
        "WRONG_INF_STYLE",
        "the INF has no [Version] with Signature = \"$WINDOWS NT$\"",
    ),
    (0x101, "SECTION_NOT_FOUND", "the INF lacks a section"),
    (0x102, "LINE_NOT_FOUND", "the INF lacks a line"),
    (
        0x200,
        "NO_ASSOCIATED_CLASS",
        "the INF names no device class",
    ),
    (
        0x201,
        "CLASS_MISMATCH",
        "the INF is for another class of devices than the device",
    ),
    (
        0x203,
        "NO_DRIVER_SELECTED",
        "no driver was found for the device",
    ),
    (
        0x205,
        "INVALID_DEVINST_NAME",
        "this cannot be the name of a device",
    ),
    (
        0x207,
        "DEVINST_ALREADY_EXISTS",
        "the device is there already",
    ),
    (0x20b, "NO_SUCH_DEVINST", "the device is not there any more"),
    (
        0x217,
        "BAD_SERVICE_INSTALLSECT",
        "the section of the INF that describes the service is wrong",
    ),
    (
        0x219,
        "NO_ASSOCIATED_SERVICE",
        "the INF makes no service the device's own (AddService with flag 2)",
    ),
    (
        0x228,
        "NO_COMPAT_DRIVERS",
        "no model in the INF is for this device and this version of Windows",
    ),
    (
        0x22f,
        "NO_CATALOG_FOR_OEM_INF",
        "the INF has no catalog: csq.cat belongs beside csq.inf; copy the whole package",
    ),
    (
        0x232,
        "CANT_REMOVE_DEVINST",
        "the device cannot be removed now: something needs it",
    ),
    (
        0x235,
        "IN_WOW64",
        "a 32-bit program cannot do this on 64-bit Windows",
    ),
    (
        0x239,
        "UNKNOWN_EXCEPTION",
        "SetupAPI itself has failed; restart the machine and try again",
    ),
    (
        0x23f,
        "NO_AUTHENTICODE_CATALOG",
        "the INF is in no signed catalog: the package's files are not of one build",
    ),
    (
        0x240,
        "AUTHENTICODE_DISALLOWED",
        "the certificate of the signature is one that this machine is told not to trust",
    ),
    (
        0x241,
        "AUTHENTICODE_TRUSTED_PUBLISHER",
        "nobody has said that the publisher is to be trusted: certutil -addstore \
             TrustedPublisher csq.cer",
    ),
    (
        0x242,
        "AUTHENTICODE_TRUST_NOT_ESTABLISHED",
        "nobody has said that the publisher is to be trusted: certutil -addstore \
             TrustedPublisher csq.cer",
    ),
    (
        0x243,
        "AUTHENTICODE_PUBLISHER_NOT_TRUSTED",
        "the publisher is not trusted: certutil -addstore Root csq.cer, and the same for \
             TrustedPublisher",
    ),
    (
        0x244,
        "SIGNATURE_OSATTRIBUTE_MISMATCH",
        "the catalog is signed for another version of Windows",
    ),
    (
        0x246,
        "DEVICE_INSTALLER_NOT_READY",
        "Windows is not ready to install devices; try again in a minute",
    ),
    (
        0x247,
        "DRIVER_STORE_ADD_FAILED",
        "the package could not be added to the driver store",
    ),
    (
        0x248,
        "DEVICE_INSTALL_BLOCKED",
        "a policy of this machine forbids installing this device",
    ),
    (
        0x249,
        "DRIVER_INSTALL_BLOCKED",
        "a policy of this machine forbids installing this driver",
    ),
    (
        0x24a,
        "WRONG_INF_TYPE",
        "the INF is of a type that cannot be installed here",
    ),
    (
        0x24b,
        "FILE_HASH_NOT_IN_CATALOG",
        "a file was changed after csq.cat was made, or is of another build: build the package \
             again and copy all of it",
    ),
    (
        0x24c,
        "DRIVER_STORE_DELETE_FAILED",
        "the package could not be deleted from the driver store",
    ),
];

/// What one of SetupAPI's own errors means, and what to do; `None` for a Win32 error.
#[must_use]
pub fn sentence(error: u32) -> Option<String> {
    let hresult = hresult(error)?;
    let known = MEANINGS.iter().find(|(code, ..)| *code == hresult & 0xffff);
    let meaning = match known {
        Some((_, name, meaning)) => format!("{meaning} (SPAPI_E_{name}, {hresult:#010x})"),
        None => format!("SetupAPI has error {hresult:#010x}"),
    };
    Some(format!("{meaning}; {LOG} says more"))
}

/// Where SetupAPI tells what it did.
const LOG: &str = r"%SystemRoot%\INF\setupapi.dev.log";

/// An error of Windows with a sentence in it, if it is one of SetupAPI's own, and as it is otherwise.
#[must_use]
pub fn explained(error: io::Error) -> io::Error {
    let own = error
        .raw_os_error()
        .and_then(|code| sentence(code.cast_unsigned()));
    own.map_or(error, io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_errors_are_told_from_others() {
        // ERROR_SECTION_NOT_FOUND, ERROR_ACCESS_DENIED, and a customer's NTSTATUS.
        assert_eq!(hresult(0xe000_0101), Some(0x800f_0101));
        assert_eq!(hresult(5), None);
        assert_eq!(hresult(0xc000_0022), None);
    }

    #[test]
    fn each_has_a_sentence_with_its_number() {
        for code in (0..0x400).chain([0x1000]) {
            let text = sentence(0xe000_0000 | code).unwrap();
            assert!(
                text.contains(&format!("{:#010x}", 0x800f_0000 | code)),
                "{text}"
            );
        }
    }

    #[test]
    fn an_error_of_setupapi_is_explained_and_another_is_left() {
        let own = io::Error::from_raw_os_error(0xe000_024b_u32.cast_signed());
        let text = explained(own).to_string();
        assert!(text.contains("FILE_HASH_NOT_IN_CATALOG"), "{text}");
        let other = explained(io::Error::from_raw_os_error(5));
        assert_eq!(other.raw_os_error(), Some(5));
    }
}
