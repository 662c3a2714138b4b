//! The user-mode side of `csq.sys`: a library, and the command `csqctl` on top of it.
//!
//! | to | look at |
//! |---|---|
//! | make requests from a program | `device::Client` |
//! | answer them: write a server | `device::Server` |
//! | see how a request's buffers outlive its I/O | `device::Request` |
//! | install and remove the device | `device::install` |
//! | see what a command does | `command`, one file each |
//! | run the required behaviors on a real device | `target`, which is a [`behaviors::Target`] |
//! | know what an exit code means | [`exit_code`] |
//!
//! Everything that needs Windows is in `device`, `command`, `target`, `interrupt` and `process`,
//! and left out on other hosts. What remains (arguments, messages, reports, the timeline) is the
//! same everywhere and has its unit tests there.

pub mod account;
pub mod answer;
pub mod arguments;
pub mod checks;
pub mod error;
pub mod exit_code;
pub mod ntstatus;
pub mod output;
pub mod problem;
pub mod rates;
pub mod report;
pub mod setup_error;
pub mod tally;
pub mod text;
pub mod timeline;
pub mod wide;

#[cfg(windows)]
pub mod command;
#[cfg(windows)]
pub mod device;
#[cfg(windows)]
pub mod interrupt;
#[cfg(windows)]
pub mod process;
#[cfg(windows)]
pub mod target;

pub use error::Error;
