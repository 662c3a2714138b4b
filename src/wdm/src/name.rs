//! The name of a device in the kernel's namespace, and the one for programs.

use crate::sys::UNICODE_STRING;

/// How long a device's name may be, in characters.
const LIMIT: usize = 40;
/// With the longer prefix.
const UNITS: usize = LIMIT + DOS_DEVICES.len();

const DEVICE: &str = "\\Device\\";
const DOS_DEVICES: &str = "\\DosDevices\\";

/// Whether `name` can be a device's: ASCII, and at most 40 characters.
pub(crate) const fn is_valid(name: &str) -> bool {
    name.is_ascii() && !name.is_empty() && name.len() <= LIMIT
}

/// A name with its directory, in UTF-16.
pub(crate) struct ObjectName {
    units: [u16; UNITS],
    /// In bytes.
    length: u16,
}

impl ObjectName {
    /// `\Device\NAME`, which the device object has.
    pub(crate) fn of_device(name: &'static str) -> Self {
        Self::join(DEVICE, name)
    }

    /// `\DosDevices\NAME`, which programs open as `\\.\NAME`.
    pub(crate) fn for_programs(name: &'static str) -> Self {
        Self::join(DOS_DEVICES, name)
    }

    fn join(directory: &str, name: &str) -> Self {
        let mut units = [0; UNITS];
        let mut length = 0;
        for (unit, byte) in units.iter_mut().zip(directory.bytes().chain(name.bytes())) {
            *unit = u16::from(byte);
            length += 2;
        }
        Self { units, length }
    }

    /// For a routine that only reads it, while this stays where it is.
    pub(crate) const fn as_unicode_string(&self) -> UNICODE_STRING {
        UNICODE_STRING {
            Length: self.length,
            MaximumLength: self.length,
            Buffer: self.units.as_ptr().cast_mut(),
        }
    }
}
