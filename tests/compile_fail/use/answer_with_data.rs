// Input and output share a buffer: read, then write, then complete with what was written.

use wdm::{Completion, Control, Dispatched, Irp, NtStatus};

/// The answer is the first byte of the question.
pub fn echo(mut irp: Irp<Control>) -> Dispatched {
    let mut buffer = irp.buffer();
    let first = buffer.input().first().copied().unwrap_or(0);
    let written = buffer.write(&[first]);
    irp.complete(Completion::answered(NtStatus::SUCCESS, written))
}
