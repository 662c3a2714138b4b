//! The IRQL, and the spin locks that raise it.
//!
//! UNSAFETY: entry points of a DLL; each passes its caller's promise on.
#![expect(unsafe_code, reason = "entry points of a DLL")]

use crate::abi::{DISPATCH_LEVEL, Irql};
use crate::base;
use crate::irql;

#[unsafe(export_name = "wine_host_KeGetCurrentIrql")]
extern "system" fn current() -> Irql {
    irql::current()
}

#[unsafe(export_name = "wine_host_KfRaiseIrql")]
extern "system" fn raise(new: Irql) -> Irql {
    irql::replace(new)
}

#[unsafe(export_name = "wine_host_KeRaiseIrqlToDpcLevel")]
extern "system" fn raise_to_dispatch_level() -> Irql {
    irql::replace(DISPATCH_LEVEL)
}

#[unsafe(export_name = "wine_host_KeLowerIrql")]
extern "system" fn lower(new: Irql) {
    irql::set(new);
}

#[unsafe(export_name = "wine_host_KeAcquireSpinLockRaiseToDpc")]
unsafe extern "system" fn acquire(lock: *mut usize) -> Irql {
    let old = irql::replace(DISPATCH_LEVEL);
    // SAFETY: the driver gives an initialized lock that it does not hold. Wine's answer, an IRQL of
    // zero, is replaced by this module's.
    unsafe { base::KeAcquireSpinLockRaiseToDpc(lock) };
    old
}

#[unsafe(export_name = "wine_host_KeReleaseSpinLock")]
unsafe extern "system" fn release(lock: *mut usize, old: Irql) {
    // SAFETY: the driver gives a lock that it holds.
    unsafe { base::KeReleaseSpinLock(lock, old) };
    irql::set(old);
}
