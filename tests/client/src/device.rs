//! The csq device as a program sees it. Windows only.
//!
//! All unsafe code of this crate is in the files of this folder that wrap one Windows API each:
//! `event`, `handle`, `request`, `device_set` and `host`. The rest is built on those.

mod client;
mod device_set;
mod event;
mod find;
mod handle;
pub mod host;
pub mod install;
mod request;

pub use client::{Client, Completed, Scope, opening};
pub use event::{Event, wait_any};
pub use find::find;
pub use handle::{Handle, Mode};
pub use request::{Answer, Request, Submitted, Waited};
