// SystemBuffer of a request with direct I/O is its input, and has no room for an answer.

use wdm::{Dispatched, Call, Irp, NtStatus, OutDirect};

/// The answer belongs in the program's pages.
pub fn out_direct<D>(mut irp: Irp<D, OutDirect>, call: &mut Call) -> Dispatched {
    irp.answer(b"answer"); //~ ERROR E0599
    irp.complete(call, NtStatus::SUCCESS)
}
