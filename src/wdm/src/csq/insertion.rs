//! What a thread that inserts an IRP learns about it, although the IRP may be gone.

use core::cell::Cell;

/// What became of an insertion. On the stack of the thread that calls `IoCsqInsertIrp`; the
/// callbacks reach it through the IRP's slot, but only during that call.
pub(super) struct Insertion(Cell<Outcome>);

/// See [`Insertion`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The queue took it, and it is not the inserting thread's any more.
    Taken,
    /// The queue took it, and there may be a claim or a request for it. The callback has entered
    /// the queues' `visits` for the inserting thread.
    Awaited,
    /// The queue took it, although its fate is decided: somebody has to take it out again. `visits`
    /// has been entered, too.
    Doomed,
    /// The queue refused it, because its fate was decided. The inserting thread has it back.
    Refused,
    /// The queue refused it, because the server is closing. The inserting thread has it back.
    Closed,
    /// It had been canceled, and was never linked: the inserting thread has it back. The callback
    /// that was to complete it cannot, because it may not take the lock that guards the handle's
    /// list the IRP is in (INV-50).
    Canceled,
}

impl Insertion {
    pub(super) const fn new() -> Self {
        Self(Cell::new(Outcome::Taken))
    }

    pub(super) fn set(&self, outcome: Outcome) {
        self.0.set(outcome);
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.0.get()
    }
}
