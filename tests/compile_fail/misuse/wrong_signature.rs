// Not a misuse of wdm: shows that tests/abi refuses a routine of another constness, of another calling
// convention, and one that is not imported.

use abi::wdk_sys::{KEVENT, UNICODE_STRING};

abi::routines! { RtlFreeUnicodeString: unsafe extern "C" fn(*const UNICODE_STRING); } //~ ERROR E0308
abi::routines! { KeSetEvent: unsafe extern "system" fn(*mut KEVENT, i32, u8) -> i32; } //~ ERROR E0308
abi::routines! { IoMarkIrpPending: unsafe extern "C" fn(*mut KEVENT); } //~ ERROR E0425
