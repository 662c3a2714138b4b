// Input and output share a buffer: read, answer, complete. The IRP notes how much was answered.

use wdm::{Call, Control, Dispatched, Irp, NtStatus};

/// The answer is the first byte of the question.
pub fn device_control<D>(mut irp: Irp<D, Control>, call: &mut Call) -> Dispatched {
    let first = irp.input().first().copied().unwrap_or(0);
    let status = match irp.answer(&[first]) {
        1 => NtStatus::SUCCESS,
        _ => NtStatus::INVALID_DEVICE_REQUEST,
    };
    irp.complete(call, status)
}
