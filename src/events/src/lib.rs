//! What `csq.sys` tells Event Tracing for Windows: its provider and its events.
//!
//! Nothing here is an address: devices have numbers, and requests the ids that programs know.

#![no_std]
#![forbid(unsafe_code)]

pub use wdm_events::{Event, Field, Level, Status, U32, U64, metadata};

/// The name of the provider.
pub const PROVIDER: &str = "csq";

/// The GUID of the provider, made of its name in the way that is usual for self-describing events,
/// in the order of the fields of a Windows `GUID`: `{4E98180A-9D25-555B-C597-B6B3DB1EA663}`.
pub const PROVIDER_ID: (u32, u16, u16, [u8; 8]) = (
    0x4e98_180a,
    0x9d25,
    0x555b,
    [0xc5, 0x97, 0xb6, 0xb3, 0xdb, 0x1e, 0xa6, 0x63],
);

/// How the provider describes itself.
pub const PROVIDER_METADATA: &[u8] = {
    const BYTES: [u8; metadata::provider_size(PROVIDER)] = metadata::provider(PROVIDER);
    &BYTES
};

/// The categories of events, a bit each.
pub mod keyword {
    /// The life of requests.
    pub const REQUEST: u64 = 0x1;
    /// The life of devices.
    pub const DEVICE: u64 = 0x2;
}

wdm_events::events! {
    /// A request has come in, and is going to be pending.
    Pend, Verbose, keyword::REQUEST => {
        /// The number of the device.
        device: U32,
        /// The driver's name for the request.
        id: U64,
        /// The program's name for the request.
        tag: U64,
        /// After how many milliseconds it times out; 0 for never.
        timeout: U32,
    }

    /// A request goes to a server that claims it.
    Claim, Verbose, keyword::REQUEST => {
        /// The number of the device.
        device: U32,
        /// The driver's name for the request.
        id: U64,
        /// The program's name for the request.
        tag: U64,
    }

    /// A request was taken back from a server whose handle is closed, and is pending again.
    GiveBack, Information, keyword::REQUEST => {
        /// The number of the device.
        device: U32,
        /// The driver's name for the request.
        id: U64,
        /// The program's name for the request.
        tag: U64,
    }

    /// A request was answered.
    Complete, Verbose, keyword::REQUEST => {
        /// The number of the device.
        device: U32,
        /// The driver's name for the request.
        id: U64,
        /// The program's name for the request.
        tag: U64,
        /// What the request ends with.
        status: Status,
    }

    /// A request was canceled.
    Cancel, Information, keyword::REQUEST => {
        /// The number of the device.
        device: U32,
        /// The driver's name for the request.
        id: U64,
        /// The program's name for the request.
        tag: U64,
        /// What the request ends with.
        status: Status,
    }

    /// A request's time was over.
    Timeout, Information, keyword::REQUEST => {
        /// The number of the device.
        device: U32,
        /// The driver's name for the request.
        id: U64,
        /// The program's name for the request.
        tag: U64,
        /// What the request ends with.
        status: Status,
    }

    /// A request was ended because its handle or its device goes away.
    Flush, Information, keyword::REQUEST => {
        /// The number of the device.
        device: U32,
        /// The driver's name for the request.
        id: U64,
        /// The program's name for the request.
        tag: U64,
        /// What the request ends with.
        status: Status,
    }

    /// A request, or a claim that was to wait, was turned away.
    Refused, Warning, keyword::REQUEST => {
        /// The number of the device.
        device: U32,
        /// The program's name for the request; 0 for a claim.
        tag: U64,
        /// Why: what it ends with.
        status: Status,
    }

    /// A device changed its Plug and Play state.
    PnpState, Information, keyword::DEVICE => {
        /// The number of the device.
        device: U32,
        /// The state it left: 0 not started, 1 started, 2 stop pending, 3 stopped, 4 remove pending,
        /// 5 surprise-removed, 6 removed.
        from: u8,
        /// The state it entered.
        to: u8,
    }
}
