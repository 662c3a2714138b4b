//! `FILE_OBJECT`.

use crate::guest;

/// `sizeof(FILE_OBJECT)`.
pub const SIZE: usize = 0xd8;
const TYPE: usize = 0x00;
const SIZE_FIELD: usize = 0x02;
/// `DeviceObject`.
pub const DEVICE: usize = 0x08;
/// `FsContext`, which is the driver's.
pub const FS_CONTEXT: usize = 0x18;

/// `FileName`, what comes after the name of the device.
pub const FILE_NAME: usize = 0x58;

const IO_TYPE_FILE: i16 = 5;

/// Fills in a zeroed file object.
pub fn initialize(file: usize, device: usize) {
    guest::write(file + TYPE, IO_TYPE_FILE);
    guest::write(file + SIZE_FIELD, SIZE as u16);
    guest::write(file + DEVICE, device);
}
