// `IoStatus.Information` says how much was written, and nothing else says that.

use wdm::{Completion, Control, Dispatched, Irp, NtStatus, Written};

/// The I/O manager would copy kernel memory to the program.
pub fn device_control(irp: Irp<Control>) -> Dispatched {
    let written = Written(4096); //~ ERROR E0423
    irp.complete(Completion::answered(NtStatus::SUCCESS, written))
}
