//! What the inserting thread and the callbacks tell each other.

use core::pin::Pin;

use super::domain::Domain;
use super::queue::{Discipline, FileOf};
use super::slots::Slot;

/// On the stack of the inserting thread, which calls the kernel, which calls [`callbacks`](super::callbacks).
pub(super) struct Arrival<'a, 'call, Q: Discipline> {
    pub(super) file: Pin<&'a FileOf<Q>>,
    pub(super) slot: &'a Slot<<Q::Domain as Domain>::Request>,
    pub(super) context: &'a mut Q::Insert<'call>,
    pub(super) progress: Progress<Q::Refusal>,
}

/// How far an insertion has come.
pub(super) enum Progress<R> {
    /// The kernel has called nothing yet.
    Inserting,
    /// The IRP is in the queue, or was.
    Linked,
    /// It was refused.
    Refused(R),
    /// It was canceled before, and is the inserting thread's to complete.
    Canceled,
}
