//! `RtlQueryRegistryValues`.
//!
//! UNSAFETY: entry points of a DLL; each passes its caller's promise on.
#![expect(unsafe_code, reason = "entry points of a DLL")]

use core::ffi::c_void;

use crate::abi::Status;
use crate::base;
use crate::registry::{self, Entry};

#[unsafe(export_name = "wine_host_RtlQueryRegistryValues")]
unsafe extern "system" fn query_values(
    relative_to: u32,
    path: *const u16,
    table: *mut Entry,
    context: *mut c_void,
    environment: *mut c_void,
) -> Status {
    let wine = |table| {
        // SAFETY: the driver keeps to the documentation of RtlQueryRegistryValues, and a table that
        // replaces its own is as that is.
        unsafe { base::RtlQueryRegistryValues(relative_to, path, table, context, environment) }
    };
    // SAFETY: as above.
    unsafe { registry::query_values(table, wine) }
}
