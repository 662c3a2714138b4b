//! The csq device as a program sees it. Windows only.
//!
//! All unsafe code of this crate is in the files of this folder that wrap one Windows API each:
//! `event`, `handle`, `request`, `port`, `device_set`, `host` and `service`. The rest is built on those.

mod claim;
mod client;
pub mod device_set;
mod event;
mod find;
mod handle;
pub mod host;
pub mod install;
pub mod parameters;
mod port;
mod request;
mod server;
pub mod service;

pub use crate::answer::{Answer, Claimed};
pub use claim::{Claim, Reply};
pub use client::{Client, Completed, Pend, Scope, opening};
pub use event::{Event, wait_any};
pub use find::find;
pub use handle::{Handle, Mode};
pub use port::{Packet, Port};
pub use request::{Begun, Request, Submitted, Waited};
pub use server::Server;
