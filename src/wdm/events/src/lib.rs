//! Self-describing events for Event Tracing for Windows.
//!
//! They describe themselves as those of Microsoft's `TraceLogging` do, so that every ETW tool shows them by name
//! and field by field, without a manifest. An event is a structure, declared by [`events!`]; its bytes are the
//! payload, and the compiler makes the description of it ([`metadata`]). `wdm::trace` hands both to the kernel.
//!
//! Microsoft's `tracelogging` crate is not for drivers: its `register` can panic, and its enable callback changes
//! what writers read at the same time without synchronization.

#![no_std]
#![forbid(unsafe_code)]

mod event;
pub mod metadata;

pub use event::{Event, Field, Level, Status};
pub use zerocopy::little_endian::{U32, U64};
