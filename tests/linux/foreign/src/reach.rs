//! One of each kind of thing that a driver takes from wdk-sys and that mingw-w64's libraries and headers do not have, or
//! have otherwise than Microsoft's.

use core::ffi::c_void;
use core::hint::black_box;
use core::ptr::null_mut;

use wdk_sys::BUS_QUERY_ID_TYPE::BusQueryDeviceID;
use wdk_sys::ntddk::{
    ExAllocateFromPagedLookasideList, ExAllocatePool3, ExFreePool2, IoWMIOpenBlock,
    KeInitializeSpinLock, KeLowerIrql, KfRaiseIrql, ObReferenceObjectByPointer, strcpy_s,
};
use wdk_sys::{
    _FAST_MUTEX, DMA_OPERATIONS, DRIVER_DISPATCH, GUID, IO_COMPLETION_ROUTINE, IoFileObjectType,
    KDEFERRED_ROUTINE, KGUARDED_MUTEX, KSPIN_LOCK, KTRAP_FRAME, KUSER_SHARED_DATA,
    MmHighestUserAddress, POOL_FLAG_NON_PAGED, PPAGED_LOOKASIDE_LIST, PVOID,
    PsInitialSystemProcess, PsJobType, PsProcessType,
};

/// Types of routines, which stand for pointers to them.
const ROUTINES: (DRIVER_DISPATCH, IO_COMPLETION_ROUTINE, KDEFERRED_ROUTINE) = (None, None, None);

/// Structures that have grown since Windows 7.
const _: () = assert!(size_of::<DMA_OPERATIONS>() == 320);
const _: () = assert!(size_of::<KUSER_SHARED_DATA>() > 1800);

/// Two names of one structure.
const GUARDED: fn(KGUARDED_MUTEX) -> _FAST_MUTEX = |mutex| mutex;

static PROVIDER: GUID = GUID {
    Data1: 1,
    Data2: 2,
    Data3: 3,
    Data4: [4; 8],
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
    black_box(unsafe { (*IoFileObjectType, *PsJobType, MmHighestUserAddress) });
    let list: unsafe extern "C" fn(PPAGED_LOOKASIDE_LIST) -> PVOID =
        ExAllocateFromPagedLookasideList;
    black_box((list, ROUTINES, GUARDED, BusQueryDeviceID));
    let mut text = [0; 4];
    // SAFETY: both texts are as long as is said.
    unsafe { strcpy_s(text.as_mut_ptr(), 4, c"abc".as_ptr()) };
    let mut block: *mut c_void = null_mut();
    // SAFETY: what it gets is not used.
    let _ = unsafe { IoWMIOpenBlock(&PROVIDER, 1, &raw mut block) };
    black_box((block, null_mut::<KTRAP_FRAME>()));
    black_box(large_frame(seed));
}
