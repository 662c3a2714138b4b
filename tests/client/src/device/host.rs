//! What this program runs on.
// UNSAFETY: asks the loader for a function by name.
#![expect(unsafe_code, reason = "wraps GetModuleHandleW and GetProcAddress")]

use crate::wide;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};

/// Whether this is Wine and not Windows. Wine's `ntdll` says so by a function Windows lacks.
#[must_use]
pub fn is_wine() -> bool {
    let name = wide::terminated("ntdll.dll");
    // SAFETY: the name is terminated and lives until the call returns.
    let ntdll = unsafe { GetModuleHandleW(name.as_ptr()) };
    if ntdll.is_null() {
        return false;
    }
    // SAFETY: the module is never unloaded, and the name is terminated. The function is not called.
    unsafe { GetProcAddress(ntdll, c"wine_get_version".as_ptr().cast()) }.is_some()
}
