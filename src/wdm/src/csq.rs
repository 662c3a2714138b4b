//! Cancel-safe queues: `IO_CSQ`, its callbacks, and how safe code decides what they do.
//!
//! A [`Queue`] is registered with the kernel ([`Queue::register`]) and asks a [`Discipline`], whose functions
//! run with the queue's [`Lock`] held: where does an arriving IRP go, where to look for one, what does it mean
//! that one leaves. Queues of one [`Domain`] share a lock and what it guards.
//!
//! The discipline is safe code. It names a [`List`]; the links are this module's, which takes an IRP out of
//! every list when `IoCsq*` removes it. So no list ever leads to an IRP that is not in a queue. [`Fifo`] is a
//! queue for drivers that need no discipline of their own.
//!
//! ```text
//! Irp::insert ── admit ──► slot, timer ── IoCsqInsertIrp ── insert ──► (in the queue)
//!      │ a limit is reached      │ canceled before        │ canceled        │ Queue::remove: peek, remove
//!      ▼                         ▼                        ▼                 ▼
//!   rejected             abandon, canceled        remove, canceled    Irp<Dequeued>
//! ```
//!
//! See "Cancel-Safe IRP Queues":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/cancel-safe-irp-queues>.
//!
//! # What the rest relies on
//!
//! * An IRP in a queue is in one [`InQueue`] list and in one [`InOwner`] list, and has a [`Slot`]; its
//!   `DriverContext` has the second list's link in `[0]` and `[1]`, the slot in `[2]`, and `[3]` is the
//!   kernel's (INV-54). `Tail.Overlay.ListEntry` is the first list's link.
//! * Before it is in a queue, `[2]` leads to the inserting thread's `Arrival`. After it has left, `[2]` is
//!   null, and `[0]` and `[1]` are the [`Note`](Discipline::Note) of its discipline.

mod clock;
mod domain;
mod slots;

mod list;
mod lock;
mod search;

mod arriving;
mod queue;

mod arrival;
mod callbacks;
mod timer;

mod insert;

mod fifo;

pub use self::arriving::{Arriving, Place};
pub use self::domain::Domain;
pub use self::fifo::{Fifo, Own, Pends};
pub use self::insert::Outcome;
pub use self::list::{Entry, InOwner, InQueue, Links, List};
pub use self::lock::{Held, Lock, Memory};
pub use self::queue::{Discipline, Queue, Removed};
pub use self::search::Search;
pub use self::slots::Slot;
