// Not a misuse of wdm: shows that tests/checks/declarations refuses a routine of another constness, of another calling
// convention, and one that is not imported.

use declarations::wdk_sys::{KEVENT, UNICODE_STRING};

declarations::routines! { RtlFreeUnicodeString: unsafe extern "C" fn(*const UNICODE_STRING); } //~ ERROR E0308
declarations::routines! { KeSetEvent: unsafe extern "system" fn(*mut KEVENT, i32, u8) -> i32; } //~ ERROR E0308
declarations::routines! { IoMarkIrpPending: unsafe extern "C" fn(*mut KEVENT); } //~ ERROR E0425
