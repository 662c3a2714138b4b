//! `Ex*RundownProtection`.
//!
//! UNSAFETY: entry points of a DLL; each passes its caller's promise on.
#![expect(unsafe_code, reason = "entry points of a DLL")]

use core::sync::atomic::AtomicUsize;

use crate::rundown;

/// `EX_RUNDOWN_REF`, a word that is only ever changed through these routines.
type Reference<'a> = &'a AtomicUsize;

#[unsafe(export_name = "wine_host_ExInitializeRundownProtection")]
extern "system" fn initialize(reference: Reference<'_>) {
    rundown::initialize(reference);
}

#[unsafe(export_name = "wine_host_ExReInitializeRundownProtection")]
extern "system" fn reinitialize(reference: Reference<'_>) {
    rundown::initialize(reference);
}

#[unsafe(export_name = "wine_host_ExAcquireRundownProtection")]
extern "system" fn acquire(reference: Reference<'_>) -> u8 {
    rundown::acquire(reference, 1).into()
}

#[unsafe(export_name = "wine_host_ExAcquireRundownProtectionEx")]
extern "system" fn acquire_ex(reference: Reference<'_>, count: u32) -> u8 {
    rundown::acquire(reference, count as usize).into()
}

#[unsafe(export_name = "wine_host_ExReleaseRundownProtection")]
extern "system" fn release(reference: Reference<'_>) {
    rundown::release(reference, 1);
}

#[unsafe(export_name = "wine_host_ExReleaseRundownProtectionEx")]
extern "system" fn release_ex(reference: Reference<'_>, count: u32) {
    rundown::release(reference, count as usize);
}

#[unsafe(export_name = "wine_host_ExWaitForRundownProtectionRelease")]
extern "system" fn wait(reference: Reference<'_>) {
    rundown::wait(reference);
}

#[unsafe(export_name = "wine_host_ExRundownCompleted")]
extern "system" fn complete(reference: Reference<'_>) {
    rundown::complete(reference);
}
