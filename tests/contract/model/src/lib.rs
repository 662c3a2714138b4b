//! What csq.sys has to do: a reference to compare it with.
//!
//! [`Model`] keeps one vector of requests and walks it for every question. It knows no locks, lists,
//! slots or timers, so that one can see that it is right. It is written from the tables of
//! `csq_protocol` and its README, and not from the driver.
//!
//! | module | what it is |
//! |---|---|
//! | [`model`] | the state, and what each event does to it |
//! | [`input`] | which rules the bytes of a request break |
//! | [`ending`] | how a request ends, and whether the driver's answer says the same |
//! | [`operation`] | what programs and Windows do, as data that can be drawn by chance |
//!
//! Where the protocol leaves a choice, so does the model: of an input that breaks several rules, any of
//! their statuses will do, and ids are whatever the driver says, as long as no two requests have one.

#![forbid(unsafe_code)]

pub mod ending;
pub mod input;
pub mod model;
pub mod operation;

pub use ending::{Ending, Ids, Output};
pub use model::{Limits, Model, Reply, Rights};
pub use operation::Operation;
