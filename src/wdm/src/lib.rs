//! A safe layer over the kernel routines of a WDM driver that keeps IRPs in cancel-safe queues.
//!
//! A driver implements [`Device`] for its device's state, and [`driver_entry!`] makes the rest. The types refuse the mistakes for which cancellation is known:
//!
//! * An [`Irp`] has one owner; it is completed or queued by value, and never touched afterwards.
//! * A dispatch routine must return the [`Dispatched`] that only completing, queuing or passing down an IRP
//!   yields.
//! * A [`Call`] proves that the thread holds no lock and is not suspended; what needs that borrows it.
//! * What a queue does is decided by a [`csq::Discipline`], which is safe code; what links IRPs is this
//!   crate's.
//!
//! | module | what it wraps |
//! |---|---|
//! | `sys` | the only place that names `wdk_sys`: types, routines, layout |
//! | [`status`], [`call`] | `NTSTATUS`; a running routine, which is a critical region |
//! | [`irp`], `state`, [`stack_location`] | an IRP, what it is, its parameters |
//! | [`buffer`], [`transfer`] | its data: `SystemBuffer`, or the pages of a read or a write |
//! | `file`, `handles` | the handle it came through |
//! | [`forward`] | sending it to the driver below |
//! | [`csq`] | the `IoCsq*` routines: queues, their callbacks, lists, slots, timers |
//! | [`device`], `dispatch`, `driver_entry`, `deferred`, `add_device`, `pnp`, [`lifecycle`] | what a driver says of its devices, and who calls it |
//! | `device_object`, `name`, `remove_lock`, `spin_lock`, `event`, `list`, [`pool`] | one kernel object each |
//! | `guarded`, [`timer`], [`work_item`] | a device's own: a value with a lock, a timer, what it does at `PASSIVE_LEVEL` |
//! | [`registry`], [`trace`] | the service's parameters; Event Tracing for Windows |
//!
//! A module uses modules before it in the order of the list at the end of this file, and none after it. A test
//! (`tests/contract`) reads the list and the imports.
//!
//! # Context
//!
//! Unless an item says otherwise it may be used at IRQL <= `DISPATCH_LEVEL`, blocks nowhere and allocates
//! nothing. No item is pageable.
//!
//! # Unsafe code
//!
//! This crate is the unsafe boundary of a driver: modules with unsafe code say so in an `UNSAFETY:` line, and
//! comments name the rules of the cancel-safe-queue contract (INV and TR ids) that they rest on.

#![no_std]

extern crate alloc;

mod sys;

pub mod call;
mod event;
mod list;
mod name;
mod prefetch;
mod spin_lock;
pub mod stack_location;
mod state;
pub mod status;

mod guarded;
pub mod lifecycle;
pub mod pool;
pub mod registry;
mod remove_lock;
pub mod trace;

mod handles;

mod device_object;
pub mod irp;
pub mod timer;
pub mod work_item;

pub mod device;
pub mod transfer;

mod file;
pub mod forward;

mod deferred;

mod add_device;
pub mod buffer;
pub mod csq;
mod pnp;

mod dispatch;
mod driver_entry;

pub use buffer::Answer;
pub use call::Call;
pub use device::{Device, Driven, Each, Role, Transfers};
pub use device_object::InterfaceClass;
pub use dispatch::{DriverObject, initialize_driver};
pub use forward::Watch;
pub use guarded::Guarded;
pub use irp::{Dispatched, Irp};
pub use lifecycle::State as PnpState;
pub use pool::PoolBox;
pub use registry::{Parameters, RegistryPath, ValueName};
pub use stack_location::StackLocation;
pub use state::{
    Control, Dequeued, InDirect, Kind, Other, OutDirect, Read, Received, Refused, Returned, Write,
};
pub use status::NtStatus;
pub use timer::Timer;
pub use work_item::WorkItem;
