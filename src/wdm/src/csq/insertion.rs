//! What a thread that inserts an IRP learns about it, although the IRP may be gone.

use core::cell::Cell;

use super::slot::Slot;
use super::{Queue, Visit};
use crate::irp::{Irp, Moving};

/// What became of an insertion. On the stack of the thread that calls `IoCsqInsertIrp`; the
/// callbacks reach it through the IRP's slot, but only during that call.
pub(super) struct Insertion<'queues>(Cell<Outcome<'queues>>);

/// See [`Insertion`]. Has with it all that the inserting thread needs to go on: it keeps nothing
/// itself, for most insertions end with [`Taken`](Self::Taken).
pub(super) enum Outcome<'queues> {
    /// The queue took the IRP, and it is not the inserting thread's any more.
    Taken,
    /// The queue took it, and there may be a claim or a request for it.
    Awaited(Visit<'queues>),
    /// The queue took it, although its fate is decided: somebody has to take it out again.
    Doomed(Doomed<'queues>),
    /// It was not linked, because its fate was decided, or it had been canceled: it is to end. The
    /// callback that was to complete a canceled one cannot, because it may not take the lock that
    /// guards the handle's list the IRP is in (INV-50).
    Over(Irp<Moving>),
    /// The queue refused it, because the server is closing.
    Closed(Irp<Moving>),
}

/// An IRP that is in a queue, where it may not stay. It may be gone by now.
pub(super) struct Doomed<'queues> {
    /// Keeps the rest.
    pub(super) visit: Visit<'queues>,
    pub(super) queue: &'queues Queue,
    pub(super) slot: &'queues Slot,
    pub(super) id: u64,
}

impl<'queues> Insertion<'queues> {
    pub(super) const fn new() -> Self {
        Self(Cell::new(Outcome::Taken))
    }

    /// For the callbacks, once.
    pub(super) fn set(&self, outcome: Outcome<'queues>) {
        // There is nothing to drop in what it was.
        core::mem::forget(self.0.replace(outcome));
    }

    /// When the routine that inserts has returned.
    pub(super) fn outcome(self) -> Outcome<'queues> {
        self.0.into_inner()
    }
}
