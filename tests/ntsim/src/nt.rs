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

/// The addresses of programs.
pub mod user {
    /// `MmUserProbeAddress`: the kernel's objects, and the driver, lie above.
    pub const PROBE_ADDRESS: usize = 0x0fff_ffff_0000;

    /// Whether an address is one of a program's.
    #[must_use]
    pub const fn contains(address: usize) -> bool {
        address < PROBE_ADDRESS
    }
}

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
    /// The same between drivers.
    pub const INTERNAL_DEVICE_CONTROL: u8 = 0x0f;
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

/// How a control code wants its buffers: its two lowest bits.
pub mod method {
    /// `METHOD_BUFFERED`.
    pub const BUFFERED: u32 = 0;
    /// `METHOD_IN_DIRECT`.
    pub const IN_DIRECT: u32 = 1;
    /// `METHOD_OUT_DIRECT`.
    pub const OUT_DIRECT: u32 = 2;
    /// `METHOD_NEITHER`.
    pub const NEITHER: u32 = 3;

    /// That of a code.
    #[must_use]
    pub const fn of(code: u32) -> u32 {
        code & 3
    }
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
