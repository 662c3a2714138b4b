//! Device objects, symbolic links and device interfaces.

use std::collections::BTreeMap;

use crate::nt::device_object;

/// A device object.
#[derive(Clone, Debug, Hash)]
pub struct Device {
    /// Bytes of its extension.
    pub extension_size: usize,
    /// Whether it is the simulated bus driver's, below the driver's own.
    pub physical: bool,
    /// The device it is attached to.
    pub attached_to: Option<usize>,
    /// Whether `IoDeleteDevice` was called; the memory stays until the last file object is closed.
    pub delete_pending: bool,
}

/// An interface that `IoRegisterDeviceInterface` made.
#[derive(Clone, Debug, Hash)]
pub struct Interface {
    /// The class GUID.
    pub class: [u8; 16],
    /// The physical device object.
    pub physical: usize,
    /// Whether programs can find it.
    pub enabled: bool,
}

/// What the I/O manager knows about devices.
#[derive(Clone, Debug, Default, Hash)]
pub struct Devices {
    /// Devices that exist, by address.
    pub objects: BTreeMap<usize, Device>,
    /// Symbolic links and their targets.
    pub links: BTreeMap<String, String>,
    /// Interfaces by symbolic link name.
    pub interfaces: BTreeMap<String, Interface>,
    /// The driver's device to which programs talk: the first it made.
    pub function: Option<usize>,
    /// The physical device objects of devices that were pulled out and not yet removed.
    pub pulled_out: Vec<usize>,
    /// Whether the device is being removed, so that requests may end for that reason.
    pub going_away: bool,
    /// Whether it was pulled out or removed.
    pub gone: bool,
    /// Whether an IRP comes from above as soon as a device is attached, before the routine that attaches it
    /// has returned.
    pub asked_at_once: bool,
}

impl Devices {
    /// How many devices the driver has.
    pub fn of_driver(&self) -> usize {
        let devices = self.objects.values();
        devices.filter(|device| !device.physical).count()
    }

    /// Names a place in a device object or its extension.
    pub fn place(&self, address: usize) -> Option<String> {
        let (device, record) = self.objects.range(..=address).next_back()?;
        let offset = address - device;
        let what = if record.physical {
            "the bus driver's device"
        } else {
            "the device"
        };
        if offset == 0 {
            return Some(format!("{what} object"));
        }
        let extension = device_object::SIZE..device_object::SIZE + record.extension_size;
        if extension.contains(&offset) {
            let offset = offset - device_object::SIZE;
            Some(format!("offset {offset:#x} of {what}'s extension"))
        } else {
            (offset < device_object::SIZE).then(|| format!("offset {offset:#x} of {what} object"))
        }
    }
}
