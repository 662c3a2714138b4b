//! The routines that wine-ntoskrnl has itself, and why. Every other name of Wine's ntoskrnl.exe is
//! forwarded to Wine's own code.
//!
//! A crate of its own because wine-host reads the table too: a cdylib that is a dependency as well is
//! one file for two panic strategies, and the later build of it wins.
//!
//! "Wine" is Debian's 8.0, read and tried; a later one may need fewer of these. A routine enters
//! this table when a driver under test needs it and Wine's does not keep to Microsoft's
//! documentation, never to make a test pass.

/// What is the matter with Wine's own routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Wine's ntoskrnl.exe has no export of this name; the loader would put a trap in its place.
    Absent,
    /// Exported, but calling it ends the process.
    Stub,
    /// Exported, and answers, but does nothing or less than documented.
    Wrong,
}

/// One routine of wine-ntoskrnl.
#[derive(Clone, Copy, Debug)]
pub struct Supplied {
    /// The name that drivers import.
    pub name: &'static str,
    /// What is the matter with Wine's.
    pub because: Because,
    /// In what way.
    pub note: &'static str,
}

/// Prefix of the Rust symbols behind the table: the linker maps `X` to `wine_host_X`, so that
/// wine-ntoskrnl can define `IoCreateDevice` and call Wine's `IoCreateDevice` as well.
pub const SYMBOL_PREFIX: &str = "wine_host_";

/// What the forwarder prints when it is loaded and in order; wine-host waits for it.
pub const LOADED: &str = "wine-host: the forwarding ntoskrnl.exe is in place";

const fn row(name: &'static str, because: Because, note: &'static str) -> Supplied {
    Supplied {
        name,
        because,
        note,
    }
}

use Because::{Absent, Stub, Wrong};

/// All of them, by name.
pub const SUPPLIED: &[Supplied] = &[
    row("EtwActivityIdControl", Absent, "no event tracing"),
    row("EtwEventEnabled", Absent, "no event tracing"),
    row("EtwProviderEnabled", Absent, "no event tracing"),
    row("EtwRegister", Absent, "no event tracing"),
    row("EtwSetInformation", Absent, "no event tracing"),
    row("EtwUnregister", Absent, "no event tracing"),
    row("EtwWrite", Absent, "no event tracing"),
    row("EtwWriteString", Absent, "no event tracing"),
    row("EtwWriteTransfer", Absent, "no event tracing"),
    row("ExAcquireRundownProtection", Stub, ""),
    row("ExAcquireRundownProtectionEx", Stub, ""),
    row(
        "ExAllocatePool2",
        Absent,
        "Wine 10 has it, but neither zeroes nor reads the flags",
    ),
    row("ExInitializeRundownProtection", Stub, ""),
    row("ExReInitializeRundownProtection", Stub, ""),
    row("ExReleaseRundownProtection", Stub, ""),
    row("ExReleaseRundownProtectionEx", Stub, ""),
    row("ExRundownCompleted", Stub, ""),
    row("ExWaitForRundownProtectionRelease", Stub, ""),
    row(
        "IoAcquireRemoveLockEx",
        Wrong,
        "looks at Removed and counts in two steps: I/O can pass a removal that has already waited",
    ),
    row("IoAttachDeviceToDeviceStackSafe", Stub, ""),
    row(
        "IoCreateDevice",
        Wrong,
        "no IRP_MJ_CLEANUP ever comes: the upper filter is attached here",
    ),
    row("IoCsqInitialize", Wrong, "succeeds and fills nothing in"),
    row("IoCsqInitializeEx", Absent, ""),
    row("IoCsqInsertIrp", Stub, ""),
    row("IoCsqInsertIrpEx", Absent, ""),
    row("IoCsqRemoveIrp", Stub, ""),
    row("IoCsqRemoveNextIrp", Stub, ""),
    row(
        "IoDeleteDevice",
        Wrong,
        "the upper filter of IoCreateDevice goes with the device",
    ),
    row(
        "IoInitializeRemoveLockEx",
        Wrong,
        "goes with IoAcquireRemoveLockEx",
    ),
    row(
        "IoReleaseRemoveLockAndWaitEx",
        Wrong,
        "goes with IoAcquireRemoveLockEx",
    ),
    row(
        "IoReleaseRemoveLockEx",
        Wrong,
        "goes with IoAcquireRemoveLockEx",
    ),
    row(
        "KeAcquireSpinLockRaiseToDpc",
        Wrong,
        "the IRQL stays as it was",
    ),
    row(
        "KeCancelTimer",
        Wrong,
        "says that a timer was active which has expired, and waits for its DPC",
    ),
    row("KeFlushQueuedDpcs", Wrong, "does nothing"),
    row("KeGetCurrentIrql", Absent, ""),
    row("KeInsertQueueDpc", Wrong, "the DPC never runs"),
    row("KeLowerIrql", Wrong, "does nothing"),
    row("KeRaiseIrqlToDpcLevel", Absent, ""),
    row("KeReleaseSpinLock", Wrong, "the IRQL stays as it was"),
    row("KeRemoveQueueDpc", Stub, ""),
    row(
        "KeSetTimer",
        Wrong,
        "goes with KeCancelTimer; its DPCs run at another IRQL, and KeFlushQueuedDpcs does not know them",
    ),
    row("KeSetTimerEx", Wrong, "goes with KeSetTimer"),
    row("KfRaiseIrql", Wrong, "does nothing"),
    row(
        "RtlQueryRegistryValues",
        Wrong,
        "RTL_QUERY_REGISTRY_TYPECHECK checks nothing, and a value without a default must exist",
    ),
];

/// The row of `name`, if wine-ntoskrnl has a routine of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Supplied> {
    let index = SUPPLIED.binary_search_by(|row| row.name.cmp(name)).ok()?;
    SUPPLIED.get(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_no_name_twice() {
        assert!(SUPPLIED.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn a_routine_is_found_by_its_name() {
        assert_eq!(find("IoCsqInsertIrp").map(|row| row.because), Some(Stub));
        assert!(find("IofCompleteRequest").is_none());
    }
}
