//! The layouts of the kernel's structures, as the public headers give them for x64.
//!
//! One file per structure: its offsets, and what the simulated kernel reads and writes in it.
//! tests/layout.rs compares the offsets with Microsoft's metadata.

pub mod csq;
pub mod device_object;
pub mod dpc;
pub mod driver_object;
pub mod event_descriptor;
pub mod file_object;
pub mod irp;
pub mod mdl;
pub mod query_table;
pub mod stack_location;
pub mod status;
pub mod timer;
pub mod unicode_string;

/// `PASSIVE_LEVEL`.
pub const PASSIVE_LEVEL: u8 = 0;
/// `APC_LEVEL`.
pub const APC_LEVEL: u8 = 1;
/// `DISPATCH_LEVEL`.
pub const DISPATCH_LEVEL: u8 = 2;

/// `IRP_MJ`_* codes.
pub mod major {
    /// A handle is opened.
    pub const CREATE: u8 = 0x00;
    /// The file object goes away.
    pub const CLOSE: u8 = 0x02;
    /// `ReadFile`.
    pub const READ: u8 = 0x03;
    /// Data is written.
    pub const WRITE: u8 = 0x04;
    /// DeviceIoControl.
    pub const DEVICE_CONTROL: u8 = 0x0e;
    /// The last handle is closed.
    pub const CLEANUP: u8 = 0x12;
    /// Power management.
    pub const POWER: u8 = 0x16;
    /// WMI.
    pub const SYSTEM_CONTROL: u8 = 0x17;
    /// Plug and Play.
    pub const PNP: u8 = 0x1b;
    /// How many there are.
    pub const COUNT: usize = 28;
}

/// `IRP_MN`_* codes of `IRP_MJ_PNP`.
pub mod pnp {
    /// The device has its resources.
    pub const START_DEVICE: u8 = 0x00;
    /// May it be removed?
    pub const QUERY_REMOVE_DEVICE: u8 = 0x01;
    /// It is removed.
    pub const REMOVE_DEVICE: u8 = 0x02;
    /// It is not removed after all.
    pub const CANCEL_REMOVE_DEVICE: u8 = 0x03;
    /// It gives its resources back.
    pub const STOP_DEVICE: u8 = 0x04;
    /// May it be stopped?
    pub const QUERY_STOP_DEVICE: u8 = 0x05;
    /// It is not stopped after all.
    pub const CANCEL_STOP_DEVICE: u8 = 0x06;
    /// It was pulled out.
    pub const SURPRISE_REMOVAL: u8 = 0x17;

    /// The name of a minor code.
    #[must_use]
    pub const fn name(minor: u8) -> &'static str {
        match minor {
            START_DEVICE => "start device",
            QUERY_REMOVE_DEVICE => "query remove",
            REMOVE_DEVICE => "remove device",
            CANCEL_REMOVE_DEVICE => "cancel remove",
            STOP_DEVICE => "stop device",
            QUERY_STOP_DEVICE => "query stop",
            CANCEL_STOP_DEVICE => "cancel stop",
            SURPRISE_REMOVAL => "surprise removal",
            _ => "PnP request",
        }
    }
}
