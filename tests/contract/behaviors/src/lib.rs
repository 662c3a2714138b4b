//! What `csq.sys` must do, as seen from user mode.
//!
//! Each required behavior is one function in [`behavior`], generic over [`Target`], and one line
//! of its [table](behavior::table). A target is a host that runs the driver: `csqctl selftest`
//! is one (a real device, on Windows or under Wine), the simulator `ntsim` another. The text of a
//! body is the same for all of them, so the simulator earns its trust from the others.
//!
//! | to | look at |
//! |---|---|
//! | see what is required | [`behavior`] and its files, one per area |
//! | bring a new host | [`Target`] |
//! | run bodies and judge them | [`runner`] |
//! | read the result | [`report`] |
//!
//! A body never sleeps, never reads a clock and never starts a thread by itself: everything that
//! waits or runs beside it goes through [`Target`], so that a host may own the schedule.

#![forbid(unsafe_code)]

pub mod account;
pub mod behavior;
pub mod expect;
pub mod outcome;
pub mod report;
pub mod runner;
pub mod sample;
pub mod session;
pub mod target;

pub use outcome::{Checked, Failure, Outcome, Stop};
pub use target::Target;

#[cfg(test)]
mod dummy;
