//! The kernel's structures, with the layout of the 64-bit ABI; wdm's own assertions check it (`sys.rs`).

#![expect(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    reason = "Microsoft's names"
)]
#![expect(missing_docs, reason = "Microsoft's documentation has them")]
#![expect(
    clippy::pub_underscore_fields,
    reason = "Microsoft's names, as bindgen makes them"
)]

use core::ffi::{c_char, c_void};
use core::ptr::null_mut;

pub type NTSTATUS = i32;
pub type ULONG = u32;
pub type CSHORT = i16;
pub type CCHAR = i8;
pub type KIRQL = u8;
pub type PKIRQL = *mut KIRQL;
pub type PVOID = *mut c_void;
pub type KSPIN_LOCK = u64;
pub type PIRP = *mut IRP;
pub type PDEVICE_OBJECT = *mut DEVICE_OBJECT;
pub type PDRIVER_OBJECT = *mut DRIVER_OBJECT;
pub type PIO_CSQ = *mut IO_CSQ;
pub type LPCGUID = *const GUID;
pub type PSTR = *const c_char;
pub type EVENT_INFO_CLASS = i32;
pub type MEMORY_CACHING_TYPE = i32;
pub type WORK_QUEUE_TYPE = i32;
pub type REGHANDLE = u64;

pub type PDRIVER_DISPATCH = Option<unsafe extern "C" fn(PDEVICE_OBJECT, PIRP) -> NTSTATUS>;
pub type PDRIVER_CANCEL = Option<unsafe extern "C" fn(PDEVICE_OBJECT, PIRP)>;
pub type PDRIVER_UNLOAD = Option<unsafe extern "C" fn(PDRIVER_OBJECT)>;
pub type PDRIVER_ADD_DEVICE =
    Option<unsafe extern "C" fn(PDRIVER_OBJECT, PDEVICE_OBJECT) -> NTSTATUS>;
pub type PIO_COMPLETION_ROUTINE =
    Option<unsafe extern "C" fn(PDEVICE_OBJECT, PIRP, PVOID) -> NTSTATUS>;
pub type PKDEFERRED_ROUTINE = Option<unsafe extern "C" fn(*mut KDPC, PVOID, PVOID, PVOID)>;
pub type PIO_WORKITEM_ROUTINE = Option<unsafe extern "C" fn(PDEVICE_OBJECT, PVOID)>;
pub type PETWENABLECALLBACK =
    Option<unsafe extern "C" fn(LPCGUID, ULONG, u8, u64, u64, PEVENT_FILTER_DESCRIPTOR, PVOID)>;
pub type PIO_CSQ_INSERT_IRP = Option<unsafe extern "C" fn(PIO_CSQ, PIRP)>;
pub type PIO_CSQ_INSERT_IRP_EX = Option<unsafe extern "C" fn(PIO_CSQ, PIRP, PVOID) -> NTSTATUS>;
pub type PIO_CSQ_REMOVE_IRP = Option<unsafe extern "C" fn(PIO_CSQ, PIRP)>;
pub type PIO_CSQ_PEEK_NEXT_IRP = Option<unsafe extern "C" fn(PIO_CSQ, PIRP, PVOID) -> PIRP>;
pub type PIO_CSQ_ACQUIRE_LOCK = Option<unsafe extern "C" fn(PIO_CSQ, PKIRQL)>;
pub type PIO_CSQ_RELEASE_LOCK = Option<unsafe extern "C" fn(PIO_CSQ, KIRQL)>;
pub type PIO_CSQ_COMPLETE_CANCELED_IRP = Option<unsafe extern "C" fn(PIO_CSQ, PIRP)>;

/// A structure of bytes that only the kernel looks into.
macro_rules! opaque {
    ($($name:ident: $words:literal;)*) => {$(
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name(pub(crate) [u64; $words]);
    )*};
}

opaque! {
    KTIMER: 8;
    KEVENT: 3;
    IO_REMOVE_LOCK: 4;
    IO_STATUS_OVERLAY: 2;
    _IO_WORKITEM: 1;
    EVENT_FILTER_DESCRIPTOR: 2;
}

pub type PEVENT_FILTER_DESCRIPTOR = *mut EVENT_FILTER_DESCRIPTOR;
pub type PEVENT_DATA_DESCRIPTOR = *mut EVENT_DATA_DESCRIPTOR;
pub type PIO_WORKITEM = *mut _IO_WORKITEM;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LIST_ENTRY {
    pub Flink: *mut LIST_ENTRY,
    pub Blink: *mut LIST_ENTRY,
}

impl Default for LIST_ENTRY {
    fn default() -> Self {
        Self {
            Flink: null_mut(),
            Blink: null_mut(),
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union LARGE_INTEGER {
    pub QuadPart: i64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct GUID {
    pub Data1: u32,
    pub Data2: u16,
    pub Data3: u16,
    pub Data4: [u8; 8],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UNICODE_STRING {
    pub Length: u16,
    pub MaximumLength: u16,
    pub Buffer: *mut u16,
}

impl Default for UNICODE_STRING {
    fn default() -> Self {
        Self {
            Length: 0,
            MaximumLength: 0,
            Buffer: null_mut(),
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KDPC {
    pub(crate) routine: PKDEFERRED_ROUTINE,
    pub(crate) context: PVOID,
    pub(crate) rest: [u64; 6],
}

impl Default for KDPC {
    fn default() -> Self {
        Self {
            routine: None,
            context: null_mut(),
            rest: [0; 6],
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MDL {
    pub Next: *mut MDL,
    pub Size: CSHORT,
    pub MdlFlags: CSHORT,
    pub Process: PVOID,
    pub MappedSystemVa: PVOID,
    pub StartVa: PVOID,
    pub ByteCount: ULONG,
    pub ByteOffset: ULONG,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_CSQ {
    pub Type: ULONG,
    pub CsqInsertIrp: PIO_CSQ_INSERT_IRP,
    pub CsqRemoveIrp: PIO_CSQ_REMOVE_IRP,
    pub CsqPeekNextIrp: PIO_CSQ_PEEK_NEXT_IRP,
    pub CsqAcquireLock: PIO_CSQ_ACQUIRE_LOCK,
    pub CsqReleaseLock: PIO_CSQ_RELEASE_LOCK,
    pub CsqCompleteCanceledIrp: PIO_CSQ_COMPLETE_CANCELED_IRP,
    pub ReservePointer: PVOID,
}

impl Default for IO_CSQ {
    fn default() -> Self {
        Self {
            Type: 0,
            CsqInsertIrp: None,
            CsqRemoveIrp: None,
            CsqPeekNextIrp: None,
            CsqAcquireLock: None,
            CsqReleaseLock: None,
            CsqCompleteCanceledIrp: None,
            ReservePointer: null_mut(),
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_CSQ_IRP_CONTEXT {
    pub Type: ULONG,
    pub Irp: PIRP,
    pub Csq: PIO_CSQ,
}

impl Default for IO_CSQ_IRP_CONTEXT {
    fn default() -> Self {
        Self {
            Type: 0,
            Irp: null_mut(),
            Csq: null_mut(),
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union IoStatusUnion {
    pub Status: NTSTATUS,
    pub Pointer: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STATUS_BLOCK {
    pub __bindgen_anon_1: IoStatusUnion,
    pub Information: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union AssociatedIrp {
    pub SystemBuffer: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DriverContextWords {
    pub DriverContext: [PVOID; 4],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union OverlayUnion {
    pub __bindgen_anon_1: DriverContextWords,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union StackLocationUnion {
    pub CurrentStackLocation: *mut IO_STACK_LOCATION,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Links {
    pub ListEntry: LIST_ENTRY,
    pub __bindgen_anon_1: StackLocationUnion,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Overlay {
    pub __bindgen_anon_1: OverlayUnion,
    pub Thread: PVOID,
    pub AuxiliaryBuffer: PVOID,
    pub __bindgen_anon_2: Links,
    pub OriginalFileObject: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union Tail {
    pub Overlay: Overlay,
}

#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct IRP {
    pub Type: CSHORT,
    pub Size: u16,
    pub MdlAddress: *mut MDL,
    pub Flags: ULONG,
    pub AssociatedIrp: AssociatedIrp,
    pub ThreadListEntry: LIST_ENTRY,
    pub IoStatus: IO_STATUS_BLOCK,
    pub RequestorMode: i8,
    pub PendingReturned: u8,
    pub StackCount: i8,
    pub CurrentLocation: i8,
    pub Cancel: u8,
    pub CancelIrql: KIRQL,
    pub ApcEnvironment: i8,
    pub AllocationFlags: u8,
    pub UserIosb: PVOID,
    pub UserEvent: PVOID,
    pub Overlay: [u64; 2],
    pub CancelRoutine: PDRIVER_CANCEL,
    pub UserBuffer: PVOID,
    pub Tail: Tail,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DeviceIoControlParameters {
    pub OutputBufferLength: ULONG,
    pub pad: u32,
    pub InputBufferLength: ULONG,
    pub pad2: u32,
    pub IoControlCode: ULONG,
    pub pad3: u32,
    pub Type3InputBuffer: PVOID,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct TransferParameters {
    pub Length: ULONG,
    pub pad: u32,
    pub Key: u64,
    pub ByteOffset: LARGE_INTEGER,
    pub rest: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union Parameters {
    pub DeviceIoControl: DeviceIoControlParameters,
    pub Read: TransferParameters,
    pub Write: TransferParameters,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IO_STACK_LOCATION {
    pub MajorFunction: u8,
    pub MinorFunction: u8,
    pub Flags: u8,
    pub Control: u8,
    pub Parameters: Parameters,
    pub DeviceObject: PDEVICE_OBJECT,
    pub FileObject: *mut FILE_OBJECT,
    pub CompletionRoutine: PIO_COMPLETION_ROUTINE,
    pub Context: PVOID,
}

#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub struct DEVICE_OBJECT {
    pub Type: CSHORT,
    pub Size: u16,
    pub ReferenceCount: i32,
    pub DriverObject: PDRIVER_OBJECT,
    pub NextDevice: PDEVICE_OBJECT,
    pub AttachedDevice: PDEVICE_OBJECT,
    pub CurrentIrp: PIRP,
    pub Timer: PVOID,
    pub Flags: ULONG,
    pub Characteristics: ULONG,
    pub Vpb: PVOID,
    pub DeviceExtension: PVOID,
    pub DeviceType: ULONG,
    pub StackSize: i8,
    pub rest: [u64; 32],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DRIVER_EXTENSION {
    pub DriverObject: PDRIVER_OBJECT,
    pub AddDevice: PDRIVER_ADD_DEVICE,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DRIVER_OBJECT {
    pub Type: CSHORT,
    pub Size: CSHORT,
    pub DeviceObject: PDEVICE_OBJECT,
    pub Flags: ULONG,
    pub DriverStart: PVOID,
    pub DriverSize: ULONG,
    pub DriverSection: PVOID,
    pub DriverExtension: *mut DRIVER_EXTENSION,
    pub DriverName: UNICODE_STRING,
    pub HardwareDatabase: PVOID,
    pub FastIoDispatch: PVOID,
    pub DriverInit: PVOID,
    pub DriverStartIo: PVOID,
    pub DriverUnload: PDRIVER_UNLOAD,
    pub MajorFunction: [PDRIVER_DISPATCH; 28],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FILE_OBJECT {
    pub Type: CSHORT,
    pub Size: CSHORT,
    pub DeviceObject: PDEVICE_OBJECT,
    pub Vpb: PVOID,
    pub FsContext: PVOID,
    pub FsContext2: PVOID,
    pub between: [u64; 6],
    pub FileName: UNICODE_STRING,
    pub rest: [u64; 14],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EVENT_DESCRIPTOR {
    pub Id: u16,
    pub Version: u8,
    pub Channel: u8,
    pub Level: u8,
    pub Opcode: u8,
    pub Task: u16,
    pub Keyword: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EVENT_DATA_DESCRIPTOR {
    pub Ptr: u64,
    pub Size: u32,
    pub Reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct RTL_QUERY_REGISTRY_TABLE {
    pub QueryRoutine: PVOID,
    pub Flags: ULONG,
    pub Name: *mut u16,
    pub EntryContext: PVOID,
    pub DefaultType: ULONG,
    pub DefaultData: PVOID,
    pub DefaultLength: ULONG,
}

impl Default for RTL_QUERY_REGISTRY_TABLE {
    fn default() -> Self {
        Self {
            QueryRoutine: null_mut(),
            Flags: 0,
            Name: null_mut(),
            EntryContext: null_mut(),
            DefaultType: 0,
            DefaultData: null_mut(),
            DefaultLength: 0,
        }
    }
}

/// An enumeration, as bindgen makes it.
macro_rules! enumeration {
    ($($name:ident { $($value:ident = $number:literal),* })*) => {$(
        pub mod $name {
            $(pub const $value: i32 = $number;)*
        }
    )*};
}

enumeration! {
    _EVENT_TYPE { NotificationEvent = 0 }
    _KWAIT_REASON { Executive = 0 }
    _MODE { KernelMode = 0 }
    _MEMORY_CACHING_TYPE { MmCached = 1 }
    _WORK_QUEUE_TYPE { DelayedWorkQueue = 1 }
    _MM_PAGE_PRIORITY { NormalPagePriority = 16 }
    _EVENT_INFO_CLASS { EventProviderSetTraits = 2 }
}
