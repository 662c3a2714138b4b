//! Runs the driver package in a Windows machine of the user's, under QEMU.
//!
//! The package and the scripts of `guest` are put on a disk of their own ([`disk`]), which is
//! attached to the machine ([`machine`], with UEFI by [`firmware`]). In it, `run.cmd` is started by the QEMU guest agent
//! ([`agent`]) or by hand, and says what it does on the first serial port ([`report`]). Only a report
//! that ends with `csq: end pass`, and has all the steps before it, is a success: a guest that says
//! nothing has failed.

pub mod agent;
pub mod firmware;
pub mod machine;
pub mod report;

pub use wdkit::disk;

/// The name of the disk with the bundle.
pub const LABEL: &str = "CSQ";
