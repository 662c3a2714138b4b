// Hole: as `invent_length.rs`. What one IRP was answered with is no part of another's end.

use wdm::{Call, Control, Dequeued, Dispatched, Irp, NtStatus};

/// Answers the one, and says of the other that it was answered.
pub fn device_control<D>(
    irp: Irp<D, Control>,
    mut other: Irp<D, Dequeued<'_>>,
    call: &mut Call,
) -> Dispatched {
    let written: usize = other.answer(b"answer");
    irp.complete(call, written) //~ ERROR E0308
}
