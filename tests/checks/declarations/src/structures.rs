//! The structures: size, alignment, and the types of the fields that `wdm` reads or writes.
//!
//! Sources: the public symbols of the kernel for the sizes (`dt nt!_IRP`); Microsoft's metadata and the
//! public reference for the types of fields; wdm.h for the alignments, which neither of them has. That
//! `IRP` and `DEVICE_OBJECT` are aligned as pool memory is (`MEMORY_ALLOCATION_ALIGNMENT`, 16 on 64-bit
//! Windows) shows in the size of the latter: its last field ends at 0x148.

// UNSAFETY: fields of unions can be named in no other way.
#![expect(
    unsafe_code,
    reason = "points to fields, in functions that nobody calls"
)]

use core::ffi::{c_char, c_void};

use crate::documented;
use crate::wdk_sys::{
    DEVICE_OBJECT, DRIVER_EXTENSION, DRIVER_OBJECT, FILE_OBJECT, IO_CSQ, IO_STACK_LOCATION, IRP,
    LIST_ENTRY, MDL,
};

/// A callback that takes a request. `None` is the null pointer.
type Dispatch = Option<unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP) -> i32>;

/// Asserts the size and the alignment of a structure of `wdk-sys`, and the types of fields.
#[macro_export]
macro_rules! structure {
    ($name:ident: $size:literal, $alignment:literal $({ $($($field:ident).+: $type:ty),* $(,)? })?) => {
        const _: () = {
            assert!(
                ::core::mem::size_of::<$crate::wdk_sys::$name>() == $size,
                concat!("the size of ", stringify!($name), " is not ", stringify!($size))
            );
            assert!(
                ::core::mem::align_of::<$crate::wdk_sys::$name>() == $alignment,
                concat!("the alignment of ", stringify!($name), " is not ", stringify!($alignment))
            );
        };
        // A pointer to a field has the type of the field, constness included.
        $($(const _: fn(*const $crate::wdk_sys::$name) -> *const $type = |value| {
            // SAFETY: nobody calls it.
            unsafe { &raw const (*value).$($field).+ }
        };)*)?
    };
}

structure! {
    IRP: 0xd0, 16 {
        MdlAddress: *mut MDL,
        AssociatedIrp.SystemBuffer: *mut c_void,
        IoStatus.__bindgen_anon_1.Status: i32,
        IoStatus.Information: u64,
        RequestorMode: c_char,
        PendingReturned: u8,
        StackCount: c_char,
        CurrentLocation: c_char,
        Cancel: u8,
        CancelIrql: u8,
        CancelRoutine: Option<unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP)>,
        UserBuffer: *mut c_void,
        Tail.Overlay.__bindgen_anon_1.__bindgen_anon_1.DriverContext: [*mut c_void; 4],
        Tail.Overlay.__bindgen_anon_2.ListEntry: LIST_ENTRY,
        Tail.Overlay.__bindgen_anon_2.__bindgen_anon_1.CurrentStackLocation: *mut IO_STACK_LOCATION,
        Tail.Overlay.OriginalFileObject: *mut FILE_OBJECT,
    }
}

structure! {
    IO_STACK_LOCATION: 0x48, 8 {
        MajorFunction: u8,
        MinorFunction: u8,
        Flags: u8,
        Control: u8,
        Parameters.DeviceIoControl.OutputBufferLength: u32,
        Parameters.DeviceIoControl.InputBufferLength: u32,
        Parameters.DeviceIoControl.IoControlCode: u32,
        Parameters.DeviceIoControl.Type3InputBuffer: *mut c_void,
        Parameters.Read.Length: u32,
        Parameters.Write.Length: u32,
        DeviceObject: *mut DEVICE_OBJECT,
        FileObject: *mut FILE_OBJECT,
        CompletionRoutine: Option<unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP, *mut c_void) -> i32>,
        Context: *mut c_void,
    }
}

structure! {
    DEVICE_OBJECT: 0x150, 16 {
        DriverObject: *mut DRIVER_OBJECT,
        AttachedDevice: *mut DEVICE_OBJECT,
        Flags: u32,
        Characteristics: u32,
        DeviceType: u32,
        DeviceExtension: *mut c_void,
        StackSize: c_char,
    }
}

structure! {
    DRIVER_OBJECT: 0x150, 8 {
        DriverExtension: *mut DRIVER_EXTENSION,
        DriverUnload: Option<unsafe extern "C" fn(*mut DRIVER_OBJECT)>,
        MajorFunction: [Dispatch; 28],
    }
}

structure! {
    DRIVER_EXTENSION: 0x28, 8 {
        AddDevice: Option<unsafe extern "C" fn(*mut DRIVER_OBJECT, *mut DEVICE_OBJECT) -> i32>,
    }
}

structure! {
    MDL: 0x30, 8 {
        MdlFlags: i16,
        MappedSystemVa: *mut c_void,
        StartVa: *mut c_void,
        ByteCount: u32,
        ByteOffset: u32,
    }
}

structure! { FILE_OBJECT: 0xd8, 8 { FsContext: *mut c_void, FsContext2: *mut c_void } }
structure! { IO_STATUS_BLOCK: 0x10, 8 }
structure! { IO_CSQ: 0x40, 8 }
structure! { IO_CSQ_IRP_CONTEXT: 0x18, 8 { Irp: *mut IRP, Csq: *mut IO_CSQ } }
// In a free build; a checked one adds a record of who holds it.
structure! { IO_REMOVE_LOCK: 0x20, 8 }
structure! { EX_RUNDOWN_REF: 0x08, 8 }
structure! { KEVENT: 0x18, 8 }
structure! { DISPATCHER_HEADER: 0x18, 8 }
structure! { KTIMER: 0x40, 8 }
structure! { KDPC: 0x40, 8 }
structure! { KSPIN_LOCK: 0x08, 8 }
structure! { KIRQL: 0x01, 1 }
structure! { CSHORT: 0x02, 2 }
structure! { ULONG: 0x04, 4 }
structure! { MEMORY_CACHING_TYPE: 0x04, 4 }
structure! { WORK_QUEUE_TYPE: 0x04, 4 }
structure! { LARGE_INTEGER: 0x08, 8 { QuadPart: i64 } }

structure! {
    RTL_QUERY_REGISTRY_TABLE: 0x38, 8 {
        Flags: u32,
        Name: *mut u16,
        EntryContext: *mut c_void,
        DefaultType: u32,
        DefaultData: *mut c_void,
        DefaultLength: u32,
    }
}

structure! { LIST_ENTRY: 0x10, 8 { Flink: *mut LIST_ENTRY, Blink: *mut LIST_ENTRY } }
structure! { UNICODE_STRING: 0x10, 8 { Length: u16, MaximumLength: u16, Buffer: *mut u16 } }
structure! { GUID: 0x10, 4 { Data1: u32, Data2: u16, Data3: u16, Data4: [u8; 8] } }

structure! {
    EVENT_DESCRIPTOR: 0x10, 8 {
        Id: u16, Version: u8, Channel: u8, Level: u8, Opcode: u8, Task: u16, Keyword: u64,
    }
}

structure! {
    EVENT_DATA_DESCRIPTOR: 0x10, 8 {
        Ptr: u64,
        Size: u32,
        __bindgen_anon_1.Reserved: u32,
        __bindgen_anon_1.__bindgen_anon_1.Type: u8,
    }
}

structure! { EVENT_FILTER_DESCRIPTOR: 0x10, 8 { Ptr: u64, Size: u32, Type: u32 } }

documented! {
    EVENT_DATA_DESCRIPTOR {
        Ptr: 0x0,
        Size: 0x8,
        __bindgen_anon_1.Reserved: 0xc,
        __bindgen_anon_1.__bindgen_anon_1.Type: 0xc,
    }
}

documented! { EVENT_DESCRIPTOR { Level: 0x4, Opcode: 0x5, Task: 0x6, Keyword: 0x8 } }
