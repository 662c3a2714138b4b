//! csq.sys: a WDM driver that keeps the requests of user-mode programs pending in cancel-safe
//! queues until somebody answers them.
//!
//! ```text
//! client ──PEND──► [ pending ] ──CLAIM──► [ claimed ] ──COMPLETE──► client
//!                       │  ▲                   │
//!                       │  └── server closed ──┤
//!                       └───────────┬──────────┘
//!                                   ├── COMPLETE_NEXT (pending only) ──► client
//!                                   └── CancelIoEx, CANCEL, timeout, closing, removal ──► client
//!
//! server ──CLAIM, nothing pending──► [ waiting ] ──a request comes──► server
//! ```
//!
//! | file | what it is for |
//! |---|---|
//! | `entry.rs` | `DriverEntry`, the allocator and the panic handler |
//! | `parameters.rs` | limits, from the registry |
//! | `device.rs` | the state of one device and its routines, by name |
//! | `file.rs` | open, cleanup and close of handles |
//! | `ioctl.rs` | decodes device control requests, checks every length |
//! | `requests.rs` | what is done with a request: pend, claim, complete, cancel, count |
//! | `pnp.rs`, `power.rs` | Plug and Play and power |
//! | `trace.rs` | the events it writes to a trace |
//!
//! The IOCTLs are described in the `csq_protocol` crate, the queues in `wdm::csq`. All unsafe code
//! but `DriverEntry`'s own is in the `wdm` crate.

#![no_std]

mod device;
mod entry;
mod file;
mod ioctl;
mod parameters;
mod pnp;
mod power;
mod requests;
mod trace;
