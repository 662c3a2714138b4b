//! `IO_CSQ` and `IO_CSQ_IRP_CONTEXT`.

use crate::guest;

/// `sizeof(IO_CSQ)`.
pub const SIZE: usize = 0x40;
const TYPE: usize = 0x00;

/// `IO_TYPE_CSQ_IRP_CONTEXT`.
pub const TYPE_CONTEXT: u32 = 1;
/// `IO_TYPE_CSQ`.
pub const TYPE_CSQ: u32 = 2;
/// `IO_TYPE_CSQ_EX`.
pub const TYPE_CSQ_EX: u32 = 3;

/// The driver's callbacks, in the order of `IO_CSQ`'s fields and of `IoCsqInitialize`'s arguments.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub enum Callback {
    /// `CsqInsertIrp`, or `CsqInsertIrpEx`.
    Insert = 1,
    /// `CsqRemoveIrp`.
    Remove,
    /// `CsqPeekNextIrp`.
    PeekNext,
    /// `CsqAcquireLock`.
    AcquireLock,
    /// `CsqReleaseLock`.
    ReleaseLock,
    /// `CsqCompleteCanceledIrp`.
    CompleteCanceled,
}

/// Fills in a queue.
pub fn initialize(csq: usize, kind: u32, callbacks: [usize; 6]) {
    guest::fill(csq, SIZE, 0);
    guest::write(csq + TYPE, kind);
    for (index, callback) in callbacks.into_iter().enumerate() {
        guest::write(csq + (index + 1) * size_of::<usize>(), callback);
    }
}

/// `Type`, of a queue or of a context.
#[must_use]
pub fn kind(object: usize) -> u32 {
    guest::read(object + TYPE)
}

/// The address of a callback.
#[must_use]
pub fn callback(csq: usize, which: Callback) -> usize {
    guest::read(csq + which as usize * size_of::<usize>())
}

/// The context of one queued IRP.
pub mod context {
    use super::{TYPE, TYPE_CONTEXT};
    use crate::guest;

    /// `sizeof(IO_CSQ_IRP_CONTEXT)`.
    pub const SIZE: usize = 0x18;
    /// Where it names its IRP.
    pub const IRP: usize = 0x08;
    const CSQ: usize = 0x10;

    /// Fills in a context.
    pub fn initialize(context: usize, irp: usize, csq: usize) {
        guest::write(context + TYPE, TYPE_CONTEXT);
        guest::write(context + IRP, irp);
        guest::write(context + CSQ, csq);
    }

    /// The IRP, 0 when it has left the queue.
    #[must_use]
    pub fn irp(context: usize) -> usize {
        guest::read(context + IRP)
    }

    /// The queue.
    #[must_use]
    pub fn csq(context: usize) -> usize {
        guest::read(context + CSQ)
    }

    /// Notes that the IRP has left.
    pub fn clear(context: usize) {
        guest::write(context + IRP, 0usize);
    }
}
