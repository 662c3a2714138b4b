// Not a misuse of wdm: shows that a callback of another signature or calling convention is not taken for one (TR-106).

use declarations::wdk_sys::{PIO_CSQ, PIO_CSQ_INSERT_IRP, PIRP};

extern "C" fn right(_csq: PIO_CSQ, _irp: PIRP) {}

extern "C" fn shorter(_csq: PIO_CSQ) {}

fn not_c(_csq: PIO_CSQ, _irp: PIRP) {}

/// What `IoCsqInitialize` takes.
pub const INSERT: [PIO_CSQ_INSERT_IRP; 3] = [
    Some(right),
    Some(shorter), //~ ERROR E0308
    Some(not_c),   //~ ERROR E0308
];
