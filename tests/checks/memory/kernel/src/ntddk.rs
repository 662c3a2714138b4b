//! The routines that a driver imports by wdm. What is not modelled panics.

#![expect(non_snake_case, reason = "Microsoft's names")]
#![expect(
    missing_docs,
    reason = "Microsoft's documentation has them; a driver that misuses one panics"
)]

use core::cell::Cell;
use core::ffi::{c_char, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::alloc::alloc_zeroed;
use std::thread::yield_now;

use crate::constants::{
    APC_LEVEL, DISPATCH_LEVEL, DO_DEVICE_INITIALIZING, SL_INVOKE_ON_SUCCESS, SL_PENDING_RETURNED,
    STATUS_DELETE_PENDING, STATUS_MORE_PROCESSING_REQUIRED, STATUS_SUCCESS,
};
use crate::csq::has_cancel_routine;
pub use crate::csq::{
    IoCsqInitialize, IoCsqInitializeEx, IoCsqInsertIrp, IoCsqInsertIrpEx, IoCsqRemoveIrp,
    IoCsqRemoveNextIrp,
};
use crate::machine::{deferred, extension_layout};
use crate::types::{
    CCHAR, DEVICE_OBJECT, EVENT_DESCRIPTOR, EVENT_INFO_CLASS, GUID, IO_REMOVE_LOCK, KDPC, KEVENT,
    KIRQL, KSPIN_LOCK, KTIMER, LARGE_INTEGER, LPCGUID, MDL, MEMORY_CACHING_TYPE, NTSTATUS,
    PDEVICE_OBJECT, PDRIVER_OBJECT, PETWENABLECALLBACK, PEVENT_DATA_DESCRIPTOR, PIO_WORKITEM,
    PIO_WORKITEM_ROUTINE, PIRP, PKDEFERRED_ROUTINE, PVOID, REGHANDLE, RTL_QUERY_REGISTRY_TABLE,
    ULONG, UNICODE_STRING, WORK_QUEUE_TYPE,
};

thread_local! {
    static IRQL: Cell<KIRQL> = const { Cell::new(0) };
    static REGIONS: Cell<u32> = const { Cell::new(0) };
}

const DISPATCH: KIRQL = DISPATCH_LEVEL as KIRQL;

/// Runs `work` at `DISPATCH_LEVEL`.
pub(crate) fn at_dispatch_level<R>(work: impl FnOnce() -> R) -> R {
    let before = IRQL.replace(DISPATCH);
    let result = work();
    assert_eq!(IRQL.replace(before), DISPATCH, "left at another IRQL");
    result
}

/// What must hold after a routine of the driver, at `PASSIVE_LEVEL`.
pub(crate) fn check_passive() {
    assert_eq!(IRQL.get(), 0, "left at another IRQL");
    assert_eq!(REGIONS.get(), 0, "a critical region was not left");
}

// ---- Processor and thread ----

#[must_use]
pub unsafe extern "C" fn KeGetCurrentIrql() -> KIRQL {
    IRQL.get()
}

pub unsafe extern "C" fn KeEnterCriticalRegion() {
    assert!(u32::from(IRQL.get()) <= APC_LEVEL, "at a raised IRQL");
    REGIONS.set(REGIONS.get() + 1);
}

pub unsafe extern "C" fn KeLeaveCriticalRegion() {
    assert!(u32::from(IRQL.get()) <= APC_LEVEL, "at a raised IRQL");
    REGIONS.set(REGIONS.get().checked_sub(1).expect("a region was entered"));
}

// ---- Spin locks ----

pub unsafe extern "C" fn KeAcquireSpinLockRaiseToDpc(lock: *mut KSPIN_LOCK) -> KIRQL {
    let before = IRQL.replace(DISPATCH);
    let lock = unsafe { AtomicU64::from_ptr(lock) };
    while lock.swap(1, Ordering::Acquire) != 0 {
        yield_now();
    }
    before
}

pub unsafe extern "C" fn KeReleaseSpinLock(lock: *mut KSPIN_LOCK, irql: KIRQL) {
    assert_eq!(IRQL.replace(irql), DISPATCH, "a lock was held");
    let before = unsafe { AtomicU64::from_ptr(lock) }.swap(0, Ordering::Release);
    assert_eq!(before, 1, "the lock was held");
}

// ---- Remove locks: how many references, and whether the device is being removed ----

unsafe fn words<'a>(lock: *mut IO_REMOVE_LOCK) -> (&'a AtomicU64, &'a AtomicU64) {
    let words = lock.cast::<u64>();
    unsafe {
        (
            AtomicU64::from_ptr(words),
            AtomicU64::from_ptr(words.add(1)),
        )
    }
}

pub unsafe extern "C" fn IoInitializeRemoveLockEx(
    lock: *mut IO_REMOVE_LOCK,
    _tag: ULONG,
    _minutes: ULONG,
    _most: ULONG,
    _size: ULONG,
) {
    unsafe { lock.write(IO_REMOVE_LOCK::default()) };
}

pub unsafe extern "C" fn IoAcquireRemoveLockEx(
    lock: *mut IO_REMOVE_LOCK,
    _tag: PVOID,
    _file: *const c_char,
    _line: ULONG,
    _size: ULONG,
) -> NTSTATUS {
    let (count, removed) = unsafe { words(lock) };
    count.fetch_add(1, Ordering::AcqRel);
    if removed.load(Ordering::Acquire) == 0 {
        return STATUS_SUCCESS;
    }
    count.fetch_sub(1, Ordering::AcqRel);
    STATUS_DELETE_PENDING
}

pub unsafe extern "C" fn IoReleaseRemoveLockEx(
    lock: *mut IO_REMOVE_LOCK,
    _tag: PVOID,
    _size: ULONG,
) {
    let (count, _) = unsafe { words(lock) };
    assert_ne!(count.fetch_sub(1, Ordering::AcqRel), 0, "it was acquired");
}

pub unsafe extern "C" fn IoReleaseRemoveLockAndWaitEx(
    lock: *mut IO_REMOVE_LOCK,
    tag: PVOID,
    size: ULONG,
) {
    assert_eq!(IRQL.get(), 0, "it waits");
    let (count, removed) = unsafe { words(lock) };
    removed.store(1, Ordering::Release);
    unsafe { IoReleaseRemoveLockEx(lock, tag, size) };
    while count.load(Ordering::Acquire) != 0 {
        yield_now();
    }
}

// ---- Events ----

pub unsafe extern "C" fn KeInitializeEvent(event: *mut KEVENT, _kind: i32, signaled: u8) {
    unsafe { event.write(KEVENT::default()) };
    let word = unsafe { AtomicU64::from_ptr(event.cast()) };
    word.store(signaled.into(), Ordering::Release);
}

pub unsafe extern "C" fn KeSetEvent(event: *mut KEVENT, _increment: i32, _wait: u8) -> i32 {
    let before = unsafe { AtomicU64::from_ptr(event.cast()) }.swap(1, Ordering::AcqRel);
    i32::from(before != 0)
}

pub unsafe extern "C" fn KeWaitForSingleObject(
    event: PVOID,
    _reason: i32,
    _mode: CCHAR,
    _alertable: u8,
    _timeout: *mut LARGE_INTEGER,
) -> NTSTATUS {
    assert!(IRQL.get() < DISPATCH, "it waits");
    let word = unsafe { AtomicU64::from_ptr(event.cast()) };
    while word.load(Ordering::Acquire) == 0 {
        yield_now();
    }
    STATUS_SUCCESS
}

// ---- Timers and deferred procedure calls ----

pub unsafe extern "C" fn KeInitializeDpc(
    dpc: *mut KDPC,
    routine: PKDEFERRED_ROUTINE,
    context: PVOID,
) {
    let new = KDPC {
        routine,
        context,
        ..KDPC::default()
    };
    unsafe { dpc.write(new) };
}

pub unsafe extern "C" fn KeInsertQueueDpc(dpc: *mut KDPC, _first: PVOID, _second: PVOID) -> u8 {
    deferred::queue(dpc).into()
}

pub unsafe extern "C" fn KeFlushQueuedDpcs() {
    assert_eq!(IRQL.get(), 0, "it waits");
    deferred::flush();
}

pub unsafe extern "C" fn KeInitializeTimer(timer: *mut KTIMER) {
    unsafe { timer.write(KTIMER::default()) };
}

pub unsafe extern "C" fn KeSetTimer(timer: *mut KTIMER, _due: LARGE_INTEGER, dpc: *mut KDPC) -> u8 {
    deferred::set(timer, dpc).into()
}

pub unsafe extern "C" fn KeCancelTimer(timer: *mut KTIMER) -> u8 {
    deferred::cancel(timer).into()
}

// ---- Devices ----

pub unsafe extern "C" fn IoCreateDevice(
    driver: PDRIVER_OBJECT,
    size: ULONG,
    _name: *mut UNICODE_STRING,
    kind: ULONG,
    characteristics: ULONG,
    _exclusive: u8,
    device: *mut PDEVICE_OBJECT,
) -> NTSTATUS {
    let extension = unsafe { alloc_zeroed(extension_layout(size)) };
    assert!(!extension.is_null(), "memory");
    let mut new = Box::new(crate::machine::no_device());
    new.DriverObject = driver;
    new.Flags = DO_DEVICE_INITIALIZING;
    new.Characteristics = characteristics;
    new.DeviceType = kind;
    new.StackSize = 2;
    new.DeviceExtension = extension.cast();
    // For who deletes it.
    new.rest[0] = size.into();
    unsafe { device.write(Box::into_raw(new)) };
    STATUS_SUCCESS
}

pub unsafe extern "C" fn IoAttachDeviceToDeviceStackSafe(
    device: PDEVICE_OBJECT,
    below: PDEVICE_OBJECT,
    place: *mut PDEVICE_OBJECT,
) -> NTSTATUS {
    unsafe { (*below).AttachedDevice = device };
    unsafe { place.write(below) };
    STATUS_SUCCESS
}

pub unsafe extern "C" fn IoDetachDevice(below: PDEVICE_OBJECT) {
    unsafe { (*below).AttachedDevice = null_mut() };
}

/// The memory goes when the last handle is closed: [`crate::machine::Device`] has it until then.
pub unsafe extern "C" fn IoDeleteDevice(_device: PDEVICE_OBJECT) {}

pub unsafe extern "C" fn RtlFreeUnicodeString(string: *mut UNICODE_STRING) {
    assert!(
        unsafe { (*string).Buffer }.is_null(),
        "no string is made here"
    );
}

// ---- Requests ----

pub unsafe extern "C" fn IofCallDriver(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    let below = unsafe {
        (*irp).CurrentLocation -= 1;
        let place = &raw mut (*irp).Tail.Overlay.__bindgen_anon_2.__bindgen_anon_1;
        (*place).CurrentStackLocation = (*place).CurrentStackLocation.sub(1);
        (*place).CurrentStackLocation
    };
    unsafe { (*below).DeviceObject = device };
    // The device below agrees with everything.
    let status = unsafe { (*irp).IoStatus.__bindgen_anon_1.Status };
    unsafe { IofCompleteRequest(irp, 0) };
    status
}

pub unsafe extern "C" fn IofCompleteRequest(irp: PIRP, _boost: CCHAR) {
    assert!(IRQL.get() <= DISPATCH);
    assert!(
        !has_cancel_routine(irp),
        "an IRP with a cancel routine is completed"
    );
    loop {
        let (left, here, device) = unsafe {
            let place = &raw mut (*irp).Tail.Overlay.__bindgen_anon_2.__bindgen_anon_1;
            let left = (*place).CurrentStackLocation.read();
            (*irp).CurrentLocation += 1;
            if (*irp).CurrentLocation > (*irp).StackCount {
                break;
            }
            let here = (*place).CurrentStackLocation.add(1);
            (*place).CurrentStackLocation = here;
            (left, here, (*here).DeviceObject)
        };
        let is_pending = left.Control & SL_PENDING_RETURNED as u8;
        unsafe { (*irp).PendingReturned = is_pending };
        match left.CompletionRoutine {
            Some(routine) if left.Control & SL_INVOKE_ON_SUCCESS as u8 != 0 => {
                let status = unsafe { routine(device, irp, left.Context) };
                if status == STATUS_MORE_PROCESSING_REQUIRED {
                    return;
                }
            }
            _ => unsafe { (*here).Control |= is_pending },
        }
    }
    // From here on the IRP is whoever's waits for it.
    let done = unsafe { (*irp).UserEvent };
    let before = unsafe { AtomicU32::from_ptr(done.cast()) }.swap(1, Ordering::AcqRel);
    assert_eq!(before, 0, "an IRP is completed twice");
}

// ---- What the tests here have no use for ----

/// Routines of which wdm needs the names, and no test the work: a test that calls one fails.
macro_rules! absent {
    ($(fn $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {$(
        pub unsafe extern "C" fn $name($($argument: $kind),*) $(-> $result)? {
            let _ = ($($argument,)*);
            panic!("{} is not modelled: no test of wdm has needed it", stringify!($name))
        }
    )*};
}

absent! {
    fn EtwRegister(id: LPCGUID, routine: PETWENABLECALLBACK, context: PVOID, handle: *mut REGHANDLE) -> NTSTATUS;
    fn EtwSetInformation(handle: REGHANDLE, class: EVENT_INFO_CLASS, what: PVOID, length: ULONG) -> NTSTATUS;
    fn EtwUnregister(handle: REGHANDLE) -> NTSTATUS;
    fn EtwWriteTransfer(handle: REGHANDLE, event: *const EVENT_DESCRIPTOR, activity: LPCGUID, related: LPCGUID, count: ULONG, data: PEVENT_DATA_DESCRIPTOR) -> NTSTATUS;
    fn IoAllocateWorkItem(device: PDEVICE_OBJECT) -> PIO_WORKITEM;
    fn IoFreeWorkItem(item: PIO_WORKITEM);
    fn IoQueueWorkItem(item: PIO_WORKITEM, routine: PIO_WORKITEM_ROUTINE, queue: WORK_QUEUE_TYPE, context: PVOID);
    fn IoCreateSymbolicLink(link: *mut UNICODE_STRING, name: *mut UNICODE_STRING) -> NTSTATUS;
    fn IoDeleteSymbolicLink(link: *mut UNICODE_STRING) -> NTSTATUS;
    fn IoRegisterDeviceInterface(device: *mut DEVICE_OBJECT, class: *const GUID, reference: *mut UNICODE_STRING, link: *mut UNICODE_STRING) -> NTSTATUS;
    fn IoSetDeviceInterfaceState(link: *mut UNICODE_STRING, enable: u8) -> NTSTATUS;
    fn MmMapLockedPagesSpecifyCache(mdl: *mut MDL, mode: CCHAR, cache: MEMORY_CACHING_TYPE, address: PVOID, check: ULONG, priority: ULONG) -> *mut c_void;
    fn RtlQueryRegistryValues(relative: ULONG, path: *const u16, table: *mut RTL_QUERY_REGISTRY_TABLE, context: PVOID, environment: PVOID) -> NTSTATUS;
}
