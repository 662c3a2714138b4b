//! `DRIVER_OBJECT` and `DRIVER_EXTENSION`.

use crate::guest;
use crate::nt::major;

/// `sizeof(DRIVER_OBJECT)`.
pub const SIZE: usize = 0x150;
const TYPE: usize = 0x00;
const SIZE_FIELD: usize = 0x02;
/// `DeviceObject`.
pub const DEVICE: usize = 0x08;
const DRIVER_START: usize = 0x18;
const DRIVER_SIZE: usize = 0x20;
const DRIVER_EXTENSION: usize = 0x30;
const DRIVER_INIT: usize = 0x58;
/// `DriverStartIo`.
pub const START_IO: usize = 0x60;
const DRIVER_UNLOAD: usize = 0x68;
/// `MajorFunction`.
pub const MAJOR_FUNCTION: usize = 0x70;

/// `sizeof(DRIVER_EXTENSION)`, the documented part.
const EXTENSION_SIZE: usize = 0x28;
const EXTENSION_DRIVER: usize = 0x00;
const EXTENSION_ADD_DEVICE: usize = 0x08;

const IO_TYPE_DRIVER: i16 = 4;

/// Bytes of a driver object with its extension behind it.
pub const ALLOCATION: usize = SIZE + EXTENSION_SIZE;

/// Fills in a zeroed driver object of [`ALLOCATION`] bytes.
pub fn initialize(driver: usize, image: usize, size: usize, entry: usize) {
    guest::write(driver + TYPE, IO_TYPE_DRIVER);
    guest::write(driver + SIZE_FIELD, SIZE as u16);
    guest::write(driver + DRIVER_START, image);
    guest::write(driver + DRIVER_SIZE, size as u32);
    guest::write(driver + DRIVER_EXTENSION, driver + SIZE);
    guest::write(driver + DRIVER_INIT, entry);
    guest::write(driver + SIZE + EXTENSION_DRIVER, driver);
}

/// The dispatch routine for a major code; 0 if the driver has none.
///
/// # Panics
/// For a code beyond the table.
#[must_use]
pub fn dispatch_routine(driver: usize, code: u8) -> usize {
    assert!(
        usize::from(code) < major::COUNT,
        "a major code of the table"
    );
    guest::read(driver + MAJOR_FUNCTION + usize::from(code) * size_of::<usize>())
}

/// `DriverStartIo`, 0 if the driver has none.
#[must_use]
pub fn start_io_routine(driver: usize) -> usize {
    guest::read(driver + START_IO)
}

/// `DriverUnload`, 0 if the driver cannot be unloaded.
#[must_use]
pub fn unload_routine(driver: usize) -> usize {
    guest::read(driver + DRIVER_UNLOAD)
}

/// `DriverExtension->AddDevice`, 0 if the driver is none for Plug and Play.
#[must_use]
pub fn add_device_routine(driver: usize) -> usize {
    guest::read(driver + SIZE + EXTENSION_ADD_DEVICE)
}
