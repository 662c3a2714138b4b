//! Everything this crate takes from `wdk_sys`: the import list of its drivers and the layout they rely
//! on. No other file names `wdk_sys`, so a difference between two versions of the headers is this
//! file's matter alone.
//!
//! `tests/checks/binary` reads the routines named below and compares them with what the driver imports.

// UNSAFETY: pointers to fields that bindgen hides in anonymous unions.
#![expect(
    unsafe_code,
    reason = "computes addresses of fields in the kernel's structures"
)]

use core::ffi::c_void;
use core::mem::offset_of;

use wdk_sys::{
    _EVENT_INFO_CLASS, _MEMORY_CACHING_TYPE, _MM_PAGE_PRIORITY, _MODE, _WORK_QUEUE_TYPE, CSHORT,
    EVENT_DATA_DESCRIPTOR, EVENT_INFO_CLASS, MDL_MAPPED_TO_SYSTEM_VA, MDL_SOURCE_IS_NONPAGED_POOL,
    MEMORY_CACHING_TYPE, ULONG, WORK_QUEUE_TYPE,
};
pub(crate) use wdk_sys::{
    _EVENT_TYPE, _IO_WORKITEM, _KWAIT_REASON, CCHAR, DEVICE_OBJECT, DO_BUFFERED_IO,
    DO_DEVICE_INITIALIZING, DO_DIRECT_IO, DO_POWER_INRUSH, DO_POWER_PAGABLE, DRIVER_OBJECT,
    EVENT_DESCRIPTOR, FILE_DEVICE_SECURE_OPEN, FILE_DEVICE_UNKNOWN, FILE_OBJECT, GUID, IO_CSQ,
    IO_CSQ_IRP_CONTEXT, IO_NO_INCREMENT, IO_REMOVE_LOCK, IO_STACK_LOCATION, IRP, IRP_MJ_CLEANUP,
    IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL, IRP_MJ_INTERNAL_DEVICE_CONTROL, IRP_MJ_PNP,
    IRP_MJ_POWER, IRP_MJ_READ, IRP_MJ_SYSTEM_CONTROL, IRP_MJ_WRITE, IRP_MN_CANCEL_REMOVE_DEVICE,
    IRP_MN_CANCEL_STOP_DEVICE, IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_QUERY_STOP_DEVICE,
    IRP_MN_REMOVE_DEVICE, IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE, IRP_MN_SURPRISE_REMOVAL, KDPC,
    KEVENT, KIRQL, KSPIN_LOCK, KTIMER, LARGE_INTEGER, LIST_ENTRY, LPCGUID, MDL, METHOD_BUFFERED,
    METHOD_IN_DIRECT, METHOD_OUT_DIRECT, NTSTATUS, PDEVICE_OBJECT, PDRIVER_ADD_DEVICE,
    PDRIVER_DISPATCH, PDRIVER_OBJECT, PDRIVER_UNLOAD, PETWENABLECALLBACK, PEVENT_DATA_DESCRIPTOR,
    PEVENT_FILTER_DESCRIPTOR, PIO_COMPLETION_ROUTINE, PIO_CSQ, PIRP, PKDEFERRED_ROUTINE, PKIRQL,
    PVOID, REG_DWORD, RTL_QUERY_REGISTRY_DIRECT, RTL_QUERY_REGISTRY_TABLE, RTL_REGISTRY_ABSOLUTE,
    SL_INVOKE_ON_CANCEL, SL_INVOKE_ON_ERROR, SL_INVOKE_ON_SUCCESS, SL_PENDING_RETURNED,
    STATUS_CANCELLED, STATUS_DEVICE_NOT_READY, STATUS_DEVICE_REMOVED, STATUS_DRIVER_INTERNAL_ERROR,
    STATUS_FILE_CLOSED, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_IO_TIMEOUT, STATUS_MORE_PROCESSING_REQUIRED, STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_PENDING, STATUS_SUCCESS, UNICODE_STRING,
};

// The routines a driver imports by this crate.
pub(crate) use wdk_sys::ntddk::{
    EtwRegister, EtwSetInformation, EtwUnregister, EtwWriteTransfer, IoAcquireRemoveLockEx,
    IoAllocateWorkItem, IoAttachDeviceToDeviceStackSafe, IoCreateDevice, IoCreateSymbolicLink,
    IoCsqInitialize, IoCsqInitializeEx, IoCsqInsertIrp, IoCsqInsertIrpEx, IoCsqRemoveIrp,
    IoCsqRemoveNextIrp, IoDeleteDevice, IoDeleteSymbolicLink, IoDetachDevice, IoFreeWorkItem,
    IoInitializeRemoveLockEx, IoQueueWorkItem, IoRegisterDeviceInterface,
    IoReleaseRemoveLockAndWaitEx, IoReleaseRemoveLockEx, IoSetDeviceInterfaceState, IofCallDriver,
    IofCompleteRequest, KeAcquireSpinLockRaiseToDpc, KeCancelTimer, KeEnterCriticalRegion,
    KeFlushQueuedDpcs, KeGetCurrentIrql, KeInitializeDpc, KeInitializeEvent, KeInitializeTimer,
    KeInsertQueueDpc, KeLeaveCriticalRegion, KeReleaseSpinLock, KeSetEvent, KeSetTimer,
    KeWaitForSingleObject, MmMapLockedPagesSpecifyCache, RtlFreeUnicodeString,
    RtlQueryRegistryValues,
};

/// `IRP.Tail.Overlay.DriverContext`: the four pointers a driver may use while it owns the IRP.
/// `[3]` is the `IoCsq*` routines' while the IRP is in a queue.
///
/// # Safety
///
/// `irp` points to an IRP.
pub(crate) unsafe fn driver_context(irp: PIRP) -> *mut [PVOID; 4] {
    // SAFETY: in bounds of the IRP, by the caller.
    unsafe {
        &raw mut (*irp)
            .Tail
            .Overlay
            .__bindgen_anon_1
            .__bindgen_anon_1
            .DriverContext
    }
}

/// `IRP.Tail.Overlay.ListEntry`: the link with which the driver that owns an IRP queues it.
///
/// # Safety
///
/// `irp` points to an IRP.
pub(crate) unsafe fn queue_link(irp: PIRP) -> *mut LIST_ENTRY {
    // SAFETY: in bounds of the IRP, by the caller.
    unsafe { &raw mut (*irp).Tail.Overlay.__bindgen_anon_2.ListEntry }
}

/// `IRP.Tail.Overlay.CurrentStackLocation`.
///
/// # Safety
///
/// `irp` points to an IRP.
pub(crate) unsafe fn current_stack_location_field(irp: PIRP) -> *mut *mut IO_STACK_LOCATION {
    // SAFETY: in bounds of the IRP, by the caller.
    unsafe {
        &raw mut (*irp)
            .Tail
            .Overlay
            .__bindgen_anon_2
            .__bindgen_anon_1
            .CurrentStackLocation
    }
}

/// `IRP.IoStatus.Status`.
///
/// # Safety
///
/// `irp` points to an IRP.
pub(crate) unsafe fn io_status(irp: PIRP) -> *mut NTSTATUS {
    // SAFETY: in bounds of the IRP, by the caller.
    unsafe { &raw mut (*irp).IoStatus.__bindgen_anon_1.Status }
}

/// `IRP.AssociatedIrp.SystemBuffer`.
///
/// # Safety
///
/// `irp` points to an IRP.
pub(crate) unsafe fn system_buffer(irp: PIRP) -> *mut PVOID {
    // SAFETY: in bounds of the IRP, by the caller.
    unsafe { &raw mut (*irp).AssociatedIrp.SystemBuffer }
}

/// `IO_STACK_LOCATION.Parameters.DeviceIoControl`: control code, input length, output length.
///
/// # Safety
///
/// `stack` points to the stack location of a device control request.
pub(crate) unsafe fn device_io_control(stack: *const IO_STACK_LOCATION) -> [u32; 3] {
    // SAFETY: in bounds of the stack location, by the caller.
    let parameters = unsafe { &raw const (*stack).Parameters.DeviceIoControl };
    // SAFETY: the union's member in use, by the caller.
    let parameters = unsafe { parameters.read() };
    [
        parameters.IoControlCode,
        parameters.InputBufferLength,
        parameters.OutputBufferLength,
    ]
}

/// `IO_STACK_LOCATION.Parameters.Read.Length`, which is `Parameters.Write.Length`, too.
///
/// # Safety
///
/// `stack` points to the stack location of a read or a write.
pub(crate) unsafe fn transfer_length(stack: *const IO_STACK_LOCATION) -> u32 {
    // SAFETY: in bounds of the stack location, by the caller.
    let parameters = unsafe { &raw const (*stack).Parameters.Read };
    // SAFETY: the union's member in use, or one of the same layout, by the caller.
    unsafe { (*parameters).Length }
}

/// The size of a structure, in the width in which the kernel's routines want it.
pub(crate) const fn size_in_u32<T>() -> u32 {
    let size = size_of::<T>();
    assert!(size <= u32::MAX as usize);
    narrow(size)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "its only caller asserts that it fits"
)]
const fn narrow(size: usize) -> u32 {
    size as u32
}

// Constants that bindgen makes 32 bits wide, in the width of what they are stored in.

/// `IO_NO_INCREMENT`: the thread that waits for an IRP gets no boost.
pub(crate) const NO_INCREMENT: CCHAR = 0;
const _: () = assert!(IO_NO_INCREMENT == 0);

/// `KernelMode`: as the mode of a wait, it keeps the waiter's stack resident.
pub(crate) const KERNEL_MODE: CCHAR = 0;
const _: () = assert!(_MODE::KernelMode == 0);

/// `APC_LEVEL`, at which a thread is not suspended.
pub(crate) const APC_LEVEL: KIRQL = 1;
const _: () = assert!(wdk_sys::APC_LEVEL == APC_LEVEL as u32);

/// `SL_PENDING_RETURNED`, which `IoMarkIrpPending` sets.
pub(crate) const SL_PENDING: u8 = 1;
const _: () = assert!(SL_PENDING_RETURNED == SL_PENDING as u32);

/// `SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL`.
pub(crate) const INVOKE_ALWAYS: u8 = 0xe0;
const _: () = assert!(
    SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL == INVOKE_ALWAYS as u32
);

/// `STATUS_CONTINUE_COMPLETION`, a macro for another: the IRP goes on to the drivers above.
pub(crate) const STATUS_CONTINUE_COMPLETION: NTSTATUS = STATUS_SUCCESS;

/// `DelayedWorkQueue`, for work that may take its time.
pub(crate) const DELAYED_WORK_QUEUE: WORK_QUEUE_TYPE = _WORK_QUEUE_TYPE::DelayedWorkQueue;

/// `MmCached`, as memory of programs is.
pub(crate) const MAP_CACHED: MEMORY_CACHING_TYPE = _MEMORY_CACHING_TYPE::MmCached;

/// `MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL`: there is a `MappedSystemVa`.
pub(crate) const MDL_IS_MAPPED: CSHORT = 0x5;
const _: () =
    assert!(MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL == MDL_IS_MAPPED as u32);

/// `NormalPagePriority | MdlMappingNoExecute`; mingw-w64's headers lack the second.
pub(crate) const MDL_MAPPING_NO_EXECUTE_NORMAL_PRIORITY: ULONG = 0x4000_0010;
const _: () = assert!(_MM_PAGE_PRIORITY::NormalPagePriority == 0x10);

/// `RTL_QUERY_REGISTRY_TYPECHECK`, which mingw-w64's headers lack: a value of another type than
/// `DefaultType` says is an error.
pub(crate) const RTL_QUERY_REGISTRY_TYPECHECK: u32 = 0x0000_0100;
/// `RTL_QUERY_REGISTRY_TYPECHECK_SHIFT`: where `DefaultType` has that type.
pub(crate) const RTL_QUERY_REGISTRY_TYPECHECK_SHIFT: u32 = 24;

/// `EventProviderSetTraits`: with it a provider tells ETW its name.
pub(crate) const SET_PROVIDER_TRAITS: EVENT_INFO_CLASS = _EVENT_INFO_CLASS::EventProviderSetTraits;

/// `EVENT_DATA_DESCRIPTOR`, a piece of an event, with the fields by name that the headers have in a union.
#[repr(C)]
pub(crate) struct DataDescriptor {
    pub(crate) address: u64,
    pub(crate) length: u32,
    pub(crate) kind: u8,
    pub(crate) reserved: [u8; 3],
}

const _: () = {
    assert!(size_of::<DataDescriptor>() == size_of::<EVENT_DATA_DESCRIPTOR>());
    assert!(align_of::<DataDescriptor>() == align_of::<EVENT_DATA_DESCRIPTOR>());
    assert!(offset_of!(DataDescriptor, length) == offset_of!(EVENT_DATA_DESCRIPTOR, Size));
};

/// Where [`driver_context`] is in an IRP, in bytes.
pub(crate) const DRIVER_CONTEXT_OFFSET: usize = offset_of!(
    IRP,
    Tail.Overlay.__bindgen_anon_1.__bindgen_anon_1.DriverContext
);
/// Where [`queue_link`] is in an IRP, in bytes.
pub(crate) const QUEUE_LINK_OFFSET: usize =
    offset_of!(IRP, Tail.Overlay.__bindgen_anon_2.ListEntry);

// INV-05: the layout of the 64-bit ABI, as the public headers give it. What is asserted is what
// this crate reads or writes by itself.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<IRP>() == 0xd0);
    assert!(align_of::<IRP>() == 0x10);
    assert!(offset_of!(IRP, MdlAddress) == 0x08);
    assert!(offset_of!(IRP, AssociatedIrp) == 0x18);
    assert!(offset_of!(IRP, IoStatus) == 0x30);
    assert!(offset_of!(IRP, PendingReturned) == 0x41);
    assert!(offset_of!(IRP, CurrentLocation) == 0x43);
    assert!(offset_of!(IRP, CancelRoutine) == 0x68);
    assert!(DRIVER_CONTEXT_OFFSET == 0x78);
    assert!(QUEUE_LINK_OFFSET == 0xa8);
    assert!(
        offset_of!(
            IRP,
            Tail.Overlay
                .__bindgen_anon_2
                .__bindgen_anon_1
                .CurrentStackLocation
        ) == 0xb8
    );

    assert!(size_of::<IO_STACK_LOCATION>() == 0x48);
    assert!(offset_of!(IO_STACK_LOCATION, MajorFunction) == 0x00);
    assert!(offset_of!(IO_STACK_LOCATION, MinorFunction) == 0x01);
    assert!(offset_of!(IO_STACK_LOCATION, Control) == 0x03);
    assert!(
        offset_of!(
            IO_STACK_LOCATION,
            Parameters.DeviceIoControl.OutputBufferLength
        ) == 0x08
    );
    assert!(
        offset_of!(
            IO_STACK_LOCATION,
            Parameters.DeviceIoControl.InputBufferLength
        ) == 0x10
    );
    assert!(offset_of!(IO_STACK_LOCATION, Parameters.DeviceIoControl.IoControlCode) == 0x18);
    assert!(offset_of!(IO_STACK_LOCATION, Parameters.Read.Length) == 0x08);
    assert!(offset_of!(IO_STACK_LOCATION, Parameters.Write.Length) == 0x08);
    assert!(offset_of!(IO_STACK_LOCATION, DeviceObject) == 0x28);
    assert!(offset_of!(IO_STACK_LOCATION, FileObject) == 0x30);
    assert!(offset_of!(IO_STACK_LOCATION, CompletionRoutine) == 0x38);
    assert!(offset_of!(IO_STACK_LOCATION, Context) == 0x40);

    assert!(size_of::<DEVICE_OBJECT>() == 0x150);
    assert!(align_of::<DEVICE_OBJECT>() == 0x10);
    assert!(offset_of!(DEVICE_OBJECT, Flags) == 0x30);
    assert!(offset_of!(DEVICE_OBJECT, DeviceExtension) == 0x40);
    assert!(size_of::<DRIVER_OBJECT>() == 0x150);
    assert!(offset_of!(DRIVER_OBJECT, DriverExtension) == 0x30);
    assert!(offset_of!(DRIVER_OBJECT, DriverUnload) == 0x68);
    assert!(offset_of!(DRIVER_OBJECT, MajorFunction) == 0x70);
    assert!(size_of::<FILE_OBJECT>() == 0xd8);
    assert!(offset_of!(FILE_OBJECT, FsContext) == 0x18);
    assert!(offset_of!(FILE_OBJECT, FileName) == 0x58);

    assert!(offset_of!(MDL, MdlFlags) == 0x0a);
    assert!(offset_of!(MDL, MappedSystemVa) == 0x18);
    assert!(offset_of!(MDL, ByteCount) == 0x28);

    assert!(size_of::<IO_CSQ>() == 0x40);
    assert!(size_of::<IO_CSQ_IRP_CONTEXT>() == 0x18);
    assert!(size_of::<KTIMER>() == 0x40);
    assert!(size_of::<KDPC>() == 0x40);
    assert!(size_of::<LARGE_INTEGER>() == 0x08);
    assert!(size_of::<RTL_QUERY_REGISTRY_TABLE>() == 0x38);
    assert!(offset_of!(RTL_QUERY_REGISTRY_TABLE, Flags) == 0x08);
    assert!(offset_of!(RTL_QUERY_REGISTRY_TABLE, Name) == 0x10);
    assert!(offset_of!(RTL_QUERY_REGISTRY_TABLE, EntryContext) == 0x18);
    assert!(offset_of!(RTL_QUERY_REGISTRY_TABLE, DefaultType) == 0x20);
    assert!(size_of::<LIST_ENTRY>() == 0x10);
    assert!(size_of::<KSPIN_LOCK>() == 0x08);
    assert!(size_of::<KEVENT>() == 0x18);
    assert!(size_of::<IO_REMOVE_LOCK>() == 0x20);
    assert!(size_of::<UNICODE_STRING>() == 0x10);
    assert!(size_of::<GUID>() == 0x10);
    assert!(size_of::<EVENT_DESCRIPTOR>() == 0x10);
    assert!(offset_of!(EVENT_DESCRIPTOR, Keyword) == 0x08);
    // [0] and [1] of DriverContext serve as a LIST_ENTRY.
    assert!(size_of::<[*mut c_void; 2]>() == size_of::<LIST_ENTRY>());
    assert!(DRIVER_CONTEXT_OFFSET.is_multiple_of(align_of::<LIST_ENTRY>()));
};
