//! The routines and the types of callbacks: parameters, results, constness and calling convention.
//!
//! Source: Microsoft's metadata (win32metadata), which says of each parameter whether it is constant;
//! the public reference where the header hides that in a name (`PCEVENT_DESCRIPTOR`), and for the two
//! routines of spin locks and `RtlFreeUnicodeString`, which the metadata lacks.

use core::ffi::{c_char, c_void};

use crate::wdk_sys::{
    _IO_WORKITEM, DEVICE_OBJECT, DRIVER_OBJECT, EVENT_DATA_DESCRIPTOR, EVENT_DESCRIPTOR,
    EVENT_FILTER_DESCRIPTOR, EX_RUNDOWN_REF, GUID, IO_CSQ, IO_CSQ_IRP_CONTEXT, IO_REMOVE_LOCK, IRP,
    KDPC, KEVENT, KTIMER, LARGE_INTEGER, MDL, RTL_QUERY_REGISTRY_TABLE, UNICODE_STRING,
};

/// Asserts that `wdk-sys` imports each routine, with this very type. bindgen makes nothing of an inline
/// function, so one of those is an error as well. The calling convention of 64-bit Windows is `"C"`.
#[macro_export]
macro_rules! routines {
    ($($name:ident: $type:ty;)*) => {
        $(
            #[allow(clippy::type_complexity, reason = "the header's types")]
            const _: $type = $crate::wdk_sys::ntddk::$name;
        )*
    };
}

/// Asserts that the callbacks of a name of the header have this very type.
#[macro_export]
macro_rules! callbacks {
    ($($name:ident: $type:ty;)*) => {
        $(const _: fn(&$crate::wdk_sys::$name) -> *const Option<$type> = |value| &raw const *value;)*
    };
}

/// Asserts that `wdk-sys` imports none of these: they are inline functions or macros in wdm.h, which
/// `wdm` has in Rust. A header that imports one names a routine that the kernel need not export.
#[macro_export]
macro_rules! inline {
    ($($name:ident),* $(,)?) => {
        const _: () = {
            mod named {
                $(pub struct $name;)*
            }
            #[allow(unused_imports, reason = "empty but for an import that should not be there")]
            use {named::*, $crate::wdk_sys::ntddk::*};
            // Ambiguous if both have it.
            $(let _ = $name;)*
        };
    };
}

routines! {
    EtwRegister: unsafe extern "C" fn(
        *const GUID,
        Option<
            unsafe extern "C" fn(
                *const GUID,
                u32,
                u8,
                u64,
                u64,
                *mut EVENT_FILTER_DESCRIPTOR,
                *mut c_void,
            ),
        >,
        *mut c_void,
        *mut u64,
    ) -> i32;
    EtwSetInformation: unsafe extern "C" fn(u64, i32, *mut c_void, u32) -> i32;
    EtwUnregister: unsafe extern "C" fn(u64) -> i32;
    EtwWriteTransfer: unsafe extern "C" fn(
        u64,
        *const EVENT_DESCRIPTOR,
        *const GUID,
        *const GUID,
        u32,
        *mut EVENT_DATA_DESCRIPTOR,
    ) -> i32;
    ExAllocatePool2: unsafe extern "C" fn(u64, u64, u32) -> *mut c_void;
    ExFreePool: unsafe extern "C" fn(*mut c_void);
    ExAcquireRundownProtection: unsafe extern "C" fn(*mut EX_RUNDOWN_REF) -> u8;
    ExInitializeRundownProtection: unsafe extern "C" fn(*mut EX_RUNDOWN_REF);
    ExReleaseRundownProtection: unsafe extern "C" fn(*mut EX_RUNDOWN_REF);
    ExWaitForRundownProtectionRelease: unsafe extern "C" fn(*mut EX_RUNDOWN_REF);
    IoAcquireRemoveLockEx: unsafe extern "C" fn(
        *mut IO_REMOVE_LOCK,
        *mut c_void,
        *const c_char,
        u32,
        u32,
    ) -> i32;
    IoAttachDeviceToDeviceStackSafe: unsafe extern "C" fn(
        *mut DEVICE_OBJECT,
        *mut DEVICE_OBJECT,
        *mut *mut DEVICE_OBJECT,
    ) -> i32;
    IoCreateDevice: unsafe extern "C" fn(
        *mut DRIVER_OBJECT,
        u32,
        *mut UNICODE_STRING,
        u32,
        u32,
        u8,
        *mut *mut DEVICE_OBJECT,
    ) -> i32;
    IoCsqInitialize: unsafe extern "C" fn(
        *mut IO_CSQ,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut IRP)>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut IRP)>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut IRP, *mut c_void) -> *mut IRP>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut u8)>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, u8)>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut IRP)>,
    ) -> i32;
    IoCsqInitializeEx: unsafe extern "C" fn(
        *mut IO_CSQ,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut IRP, *mut c_void) -> i32>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut IRP)>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut IRP, *mut c_void) -> *mut IRP>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut u8)>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, u8)>,
        Option<unsafe extern "C" fn(*mut IO_CSQ, *mut IRP)>,
    ) -> i32;
    IoCsqInsertIrp: unsafe extern "C" fn(*mut IO_CSQ, *mut IRP, *mut IO_CSQ_IRP_CONTEXT);
    IoCsqInsertIrpEx: unsafe extern "C" fn(
        *mut IO_CSQ,
        *mut IRP,
        *mut IO_CSQ_IRP_CONTEXT,
        *mut c_void,
    ) -> i32;
    IoCsqRemoveIrp: unsafe extern "C" fn(*mut IO_CSQ, *mut IO_CSQ_IRP_CONTEXT) -> *mut IRP;
    IoCsqRemoveNextIrp: unsafe extern "C" fn(*mut IO_CSQ, *mut c_void) -> *mut IRP;
    IoAllocateWorkItem: unsafe extern "C" fn(*mut DEVICE_OBJECT) -> *mut _IO_WORKITEM;
    IoFreeWorkItem: unsafe extern "C" fn(*mut _IO_WORKITEM);
    IoQueueWorkItem: unsafe extern "C" fn(*mut _IO_WORKITEM, Option<unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut c_void)>, i32, *mut c_void);
    IoCreateSymbolicLink: unsafe extern "C" fn(*mut UNICODE_STRING, *mut UNICODE_STRING) -> i32;
    IoDeleteSymbolicLink: unsafe extern "C" fn(*mut UNICODE_STRING) -> i32;
    IoDeleteDevice: unsafe extern "C" fn(*mut DEVICE_OBJECT);
    IoDetachDevice: unsafe extern "C" fn(*mut DEVICE_OBJECT);
    IoInitializeRemoveLockEx: unsafe extern "C" fn(*mut IO_REMOVE_LOCK, u32, u32, u32, u32);
    IoRegisterDeviceInterface: unsafe extern "C" fn(
        *mut DEVICE_OBJECT,
        *const GUID,
        *mut UNICODE_STRING,
        *mut UNICODE_STRING,
    ) -> i32;
    IoReleaseRemoveLockAndWaitEx: unsafe extern "C" fn(*mut IO_REMOVE_LOCK, *mut c_void, u32);
    IoReleaseRemoveLockEx: unsafe extern "C" fn(*mut IO_REMOVE_LOCK, *mut c_void, u32);
    IoSetDeviceInterfaceState: unsafe extern "C" fn(*mut UNICODE_STRING, u8) -> i32;
    IofCallDriver: unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP) -> i32;
    IofCompleteRequest: unsafe extern "C" fn(*mut IRP, c_char);
    KeAcquireSpinLockRaiseToDpc: unsafe extern "C" fn(*mut u64) -> u8;
    KeReleaseSpinLock: unsafe extern "C" fn(*mut u64, u8);
    KeCancelTimer: unsafe extern "C" fn(*mut KTIMER) -> u8;
    KeFlushQueuedDpcs: unsafe extern "C" fn();
    KeEnterCriticalRegion: unsafe extern "C" fn();
    KeLeaveCriticalRegion: unsafe extern "C" fn();
    KeInsertQueueDpc: unsafe extern "C" fn(*mut KDPC, *mut c_void, *mut c_void) -> u8;
    KeGetCurrentIrql: unsafe extern "C" fn() -> u8;
    KeInitializeDpc: unsafe extern "C" fn(
        *mut KDPC,
        Option<unsafe extern "C" fn(*mut KDPC, *mut c_void, *mut c_void, *mut c_void)>,
        *mut c_void,
    );
    KeInitializeEvent: unsafe extern "C" fn(*mut KEVENT, i32, u8);
    KeInitializeTimer: unsafe extern "C" fn(*mut KTIMER);
    KeSetEvent: unsafe extern "C" fn(*mut KEVENT, i32, u8) -> i32;
    KeSetTimer: unsafe extern "C" fn(*mut KTIMER, LARGE_INTEGER, *mut KDPC) -> u8;
    KeWaitForSingleObject:
        unsafe extern "C" fn(*mut c_void, i32, c_char, u8, *mut LARGE_INTEGER) -> i32;
    MmMapLockedPagesSpecifyCache:
        unsafe extern "C" fn(*mut MDL, c_char, i32, *mut c_void, u32, u32) -> *mut c_void;
    RtlFreeUnicodeString: unsafe extern "C" fn(*mut UNICODE_STRING);
    RtlQueryRegistryValues: unsafe extern "C" fn(
        u32,
        *const u16,
        *mut RTL_QUERY_REGISTRY_TABLE,
        *mut c_void,
        *mut c_void,
    ) -> i32;
}

callbacks! {
    PDRIVER_ADD_DEVICE: unsafe extern "C" fn(*mut DRIVER_OBJECT, *mut DEVICE_OBJECT) -> i32;
    PDRIVER_DISPATCH: unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP) -> i32;
    PDRIVER_UNLOAD: unsafe extern "C" fn(*mut DRIVER_OBJECT);
    PETWENABLECALLBACK: unsafe extern "C" fn(
        *const GUID,
        u32,
        u8,
        u64,
        u64,
        *mut EVENT_FILTER_DESCRIPTOR,
        *mut c_void,
    );
    PIO_COMPLETION_ROUTINE:
        unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP, *mut c_void) -> i32;
    PIO_CSQ_ACQUIRE_LOCK: unsafe extern "C" fn(*mut IO_CSQ, *mut u8);
    PIO_CSQ_COMPLETE_CANCELED_IRP: unsafe extern "C" fn(*mut IO_CSQ, *mut IRP);
    PIO_CSQ_INSERT_IRP: unsafe extern "C" fn(*mut IO_CSQ, *mut IRP);
    PIO_CSQ_INSERT_IRP_EX: unsafe extern "C" fn(*mut IO_CSQ, *mut IRP, *mut c_void) -> i32;
    PIO_CSQ_PEEK_NEXT_IRP:
        unsafe extern "C" fn(*mut IO_CSQ, *mut IRP, *mut c_void) -> *mut IRP;
    PIO_CSQ_RELEASE_LOCK: unsafe extern "C" fn(*mut IO_CSQ, u8);
    PIO_CSQ_REMOVE_IRP: unsafe extern "C" fn(*mut IO_CSQ, *mut IRP);
    PIO_WORKITEM_ROUTINE: unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut c_void);
    PKDEFERRED_ROUTINE:
        unsafe extern "C" fn(*mut KDPC, *mut c_void, *mut c_void, *mut c_void);
}

inline! {
    InitializeListHead, InsertHeadList, InsertTailList, IoCompleteRequest, IoCopyCurrentIrpStackLocationToNext,
    IoGetCurrentIrpStackLocation, IoGetNextIrpStackLocation, IoMarkIrpPending, IoSetCancelRoutine,
    IoSetCompletionRoutine, IoSkipCurrentIrpStackLocation, IsListEmpty, RemoveEntryList, RemoveHeadList,
    IoAcquireRemoveLock, IoInitializeRemoveLock, IoReleaseRemoveLock, IoReleaseRemoveLockAndWait,
}

/// The names for pointers and numbers that `wdm` uses.
const _: () = {
    use crate::wdk_sys::{
        CCHAR, EVENT_INFO_CLASS, LPCGUID, NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT,
        PEVENT_DATA_DESCRIPTOR, PEVENT_FILTER_DESCRIPTOR, PIO_CSQ, PIRP, PKIRQL, PVOID,
    };
    const _: fn(&CCHAR) -> *const c_char = |value| &raw const *value;
    const _: fn(&NTSTATUS) -> *const i32 = |value| &raw const *value;
    const _: fn(&EVENT_INFO_CLASS) -> *const i32 = |value| &raw const *value;
    const _: fn(&LPCGUID) -> *const *const GUID = |value| &raw const *value;
    const _: fn(&PDEVICE_OBJECT) -> *const *mut DEVICE_OBJECT = |value| &raw const *value;
    const _: fn(&PDRIVER_OBJECT) -> *const *mut DRIVER_OBJECT = |value| &raw const *value;
    const _: fn(&PEVENT_DATA_DESCRIPTOR) -> *const *mut EVENT_DATA_DESCRIPTOR =
        |value| &raw const *value;
    const _: fn(&PEVENT_FILTER_DESCRIPTOR) -> *const *mut EVENT_FILTER_DESCRIPTOR =
        |value| &raw const *value;
    const _: fn(&PIO_CSQ) -> *const *mut IO_CSQ = |value| &raw const *value;
    const _: fn(&PIRP) -> *const *mut IRP = |value| &raw const *value;
    const _: fn(&PKIRQL) -> *const *mut u8 = |value| &raw const *value;
    const _: fn(&PVOID) -> *const *mut c_void = |value| &raw const *value;
};
