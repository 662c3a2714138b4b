//! One of each kind of thing that a driver imports and that mingw-w64's libraries and headers do not have.

use core::hint::black_box;
use core::ptr::null_mut;

use wdk_sys::ntddk::{
    ExAllocatePool3, ExFreePool2, KeInitializeSpinLock, KeLowerIrql, KfRaiseIrql,
    ObReferenceObjectByPointer,
};
use wdk_sys::{
    IoFileObjectType, KSPIN_LOCK, POOL_FLAG_NON_PAGED, PsInitialSystemProcess, PsProcessType,
};

/// Takes more than a page of stack, for which the compiler calls `__chkstk`.
#[inline(never)]
fn large_frame(seed: usize) -> u8 {
    let mut bytes = [0_u8; 6000];
    bytes[seed % 6000] = 1;
    black_box(&mut bytes);
    bytes[(seed + 1) % 6000]
}

/// Calls routines of Windows 8 and later, routines that are inline in mingw-w64's headers, and uses variables.
///
/// # Safety
///
/// At IRQL `PASSIVE_LEVEL`.
pub unsafe fn all(seed: usize) {
    let mut lock: KSPIN_LOCK = 0;
    // SAFETY: the lock is on the stack.
    unsafe { KeInitializeSpinLock(&raw mut lock) };
    // SAFETY: by the caller.
    let irql = unsafe { KfRaiseIrql(2) };
    // SAFETY: what it was.
    unsafe { KeLowerIrql(irql) };
    // SAFETY: no parameters are given.
    let memory = unsafe { ExAllocatePool3(POOL_FLAG_NON_PAGED, 16, 1, null_mut(), 0) };
    // SAFETY: allocated above, with that tag.
    unsafe { ExFreePool2(memory, 1, null_mut(), 0) };
    // SAFETY: both are variables of the kernel that nobody changes.
    let _ =
        unsafe { ObReferenceObjectByPointer(PsInitialSystemProcess.cast(), 0, *PsProcessType, 0) };
    // SAFETY: the same.
    black_box(unsafe { *IoFileObjectType });
    black_box(large_frame(seed));
}
