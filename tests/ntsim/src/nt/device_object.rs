//! `DEVICE_OBJECT`.

use crate::guest;

/// `sizeof(DEVICE_OBJECT)`; the extension follows.
pub const SIZE: usize = 0x150;
const TYPE: usize = 0x00;
const SIZE_FIELD: usize = 0x02;
/// `DriverObject`.
pub const DRIVER: usize = 0x08;
/// `NextDevice`.
pub const NEXT: usize = 0x10;
/// `AttachedDevice`.
pub const ATTACHED: usize = 0x18;
/// `CurrentIrp`.
pub const CURRENT_IRP: usize = 0x20;
/// `Timer`.
pub const TIMER: usize = 0x28;
/// `Flags`.
pub const FLAGS: usize = 0x30;
/// `Characteristics`.
pub const CHARACTERISTICS: usize = 0x34;
/// `FILE_DEVICE_SECURE_OPEN`.
pub const SECURE_OPEN: u32 = 0x100;
/// `DeviceExtension`.
pub const EXTENSION: usize = 0x40;
/// `DeviceType`.
pub const DEVICE_TYPE: usize = 0x48;
/// `StackSize`.
pub const STACK_SIZE: usize = 0x4c;
/// `DeviceQueue`.
pub const DEVICE_QUEUE: usize = 0xa0;
/// `Dpc`, which `IoInitializeDpcRequest` initializes.
pub const DPC: usize = 0xc8;

const IO_TYPE_DEVICE: i16 = 3;
/// `DO_BUFFERED_IO`.
pub const BUFFERED: u32 = 0x4;
/// `DO_DIRECT_IO`.
pub const DIRECT: u32 = 0x10;
/// `DO_DEVICE_INITIALIZING`.
pub const INITIALIZING: u32 = 0x80;

/// `DO_POWER_PAGABLE`.
pub const POWER_PAGABLE: u32 = 0x2000;
/// `DO_POWER_PAGABLE` and `DO_POWER_INRUSH`.
pub const POWER: u32 = POWER_PAGABLE | 0x4000;

/// Fills in a zeroed device object.
pub fn initialize(device: usize, driver: usize, kind: u32, characteristics: u32, extension: usize) {
    guest::write(device + TYPE, IO_TYPE_DEVICE);
    guest::write(device + SIZE_FIELD, (SIZE + extension) as u16);
    guest::write(device + DRIVER, driver);
    guest::write(device + FLAGS, INITIALIZING);
    guest::write(device + CHARACTERISTICS, characteristics);
    guest::write(device + DEVICE_TYPE, kind);
    guest::write(device + STACK_SIZE, 1u8);
    if extension != 0 {
        guest::write(device + EXTENSION, device + SIZE);
    }
}

/// `StackSize`.
#[must_use]
pub fn stack_size(device: usize) -> u8 {
    guest::read(device + STACK_SIZE)
}

/// The device on top of the stack that this one is in.
#[must_use]
pub fn top(device: usize) -> usize {
    let mut top = device;
    loop {
        match guest::read(top + ATTACHED) {
            0 => return top,
            above => top = above,
        }
    }
}
