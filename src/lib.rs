//! csq.sys: a WDM driver that keeps the requests of user-mode programs pending in a cancel-safe
//! queue until somebody answers them.
//!
//! ```text
//! client ──PEND──► [ pending queue ] ──COMPLETE_NEXT──► client
//!                        └── CancelIoEx, CANCEL, closing, removal ──► client
//! ```
//!
//! | file | what it is for |
//! |---|---|
//! | `entry.rs` | `DriverEntry`, the allocator and the panic handler |
//! | `device.rs` | the state of one device and its routines, by name |
//! | `file.rs` | open, cleanup and close of handles |
//! | `ioctl.rs` | decodes device control requests, checks every length |
//! | `requests.rs` | what is done with a request: pend, complete, cancel, count |
//! | `pnp.rs`, `power.rs` | Plug and Play and power |
//!
//! The IOCTLs are described in the `csq_protocol` crate, the queue in `wdm::csq`. All unsafe code
//! but `DriverEntry`'s own is in the `wdm` crate.

#![no_std]

mod device;
mod entry;
mod file;
mod ioctl;
mod pnp;
mod power;
mod requests;
