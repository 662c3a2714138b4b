//! A safe layer over the kernel routines of a WDM driver that keeps IRPs in cancel-safe queues.
//!
//! The types refuse the mistakes for which cancellation is known. An [`Irp`] has one owner; it is
//! completed or queued by value, and never touched afterwards. A dispatch routine must return the
//! [`Dispatched`] that only completing, queueing or passing down an IRP yields. Nothing of a
//! driver's own runs under the queues' lock, because what to look for is data and not a closure.
//!
//! | module | what it wraps |
//! |---|---|
//! | [`sys`] | the only place that names `wdk_sys`: types, routines, layout |
//! | [`status`] | `NTSTATUS` |
//! | [`irp`], [`stack_location`], [`buffer`] | an IRP, its parameters, its `SystemBuffer` |
//! | [`csq`] | the `IoCsq*` routines: three cancel-safe queues and their callbacks; timers |
//! | [`file_context`] | what a driver keeps for each open handle |
//! | [`registry`] | the service's parameters |
//! | [`list`], [`spin_lock`], [`rundown`], [`remove_lock`], [`event`], [`pool`] | one kernel object each |
//! | [`trace`] | Event Tracing for Windows |
//! | [`device_object`], [`dispatch`], [`pnp`] | the device stack, the dispatch routines, Plug and Play |
//!
//! # Context
//!
//! Unless an item says otherwise it may be used at IRQL <= `DISPATCH_LEVEL`, blocks nowhere and
//! allocates nothing. No item is pageable.
//!
//! # Unsafe code
//!
//! This crate is the unsafe boundary of the driver: modules with unsafe code say so in an
//! `UNSAFETY:` line, and comments name the rules (INV ids) of the cancel-safe-queue contract that
//! they rest on. The rules are listed in [`csq`].

#![no_std]

extern crate alloc;

pub mod buffer;
pub mod csq;
pub mod device_object;
pub mod dispatch;
mod event;
pub mod file_context;
pub mod irp;
mod list;
pub mod pnp;
pub mod pool;
pub mod registry;
mod remove_lock;
mod rundown;
mod spin_lock;
pub mod stack_location;
pub mod status;
mod sys;
pub mod trace;

pub use buffer::{SystemBuffer, Written};
pub use csq::{
    Awaited, Limits, Pended, Refusal, RequestQueues, Scope, Tally, Unclaimed, Unpended, Visit,
};
pub use device_object::{Fdo, InterfaceClass};
pub use dispatch::{Device, DriverObject, initialize_driver};
pub use file_context::FileContext;
pub use irp::{Completion, Control, Dequeued, Dispatched, Irp, Moving, Received};
pub use pool::PoolBox;
pub use registry::{Parameters, RegistryPath, ValueName};
pub use stack_location::StackLocation;
pub use status::NtStatus;
