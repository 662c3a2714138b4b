//! Every declaration of the kernel that csq.sys uses, compared with other sources than the headers it
//! was compiled with (INV-05, TR-105, TR-107).
//!
//! What is compared is `wdk-sys`: on Linux the headers of mingw-w64 as `tests/linux/sysroot` corrects
//! them, or a WDK's with `CSQ_WDK`; on Windows the WDK's. The other sources:
//!
//! - `windows-sys`, which is made from Microsoft's metadata: offsets (this file) and constants
//!   ([`constants`]). The metadata drops alignment attributes, so the sizes of `DEVICE_OBJECT` and
//!   `IO_STACK_LOCATION.Parameters` are wrong there and are not compared with it.
//! - A table of sizes, alignments and types of fields: [`structures`].
//! - A table of signatures, constness and calling convention included: [`routines`].
//!
//! There is nothing to run: an assertion that does not hold, and a type that differs, is an error of the
//! compiler. `tests/checks/compile_fail/misuse/wrong_*.rs` show that, and `tests/complete.rs` that nothing
//! `wdm` takes from `wdk-sys` is missing here.

#![no_std]
#![cfg(windows)]

pub mod constants;
pub mod routines;
pub mod structures;

#[doc(hidden)]
pub use wdk_sys;

/// The structures as `windows-sys` has them.
pub mod metadata {
    pub use windows_sys::Wdk::Foundation::{
        DEVICE_OBJECT, DISPATCHER_HEADER, DRIVER_EXTENSION, DRIVER_OBJECT, FILE_OBJECT,
        IO_STACK_LOCATION, IRP, KDPC, KEVENT,
    };
    pub use windows_sys::Wdk::System::SystemServices::{
        EX_RUNDOWN_REF, IO_CSQ, IO_CSQ_IRP_CONTEXT, IO_REMOVE_LOCK, KTIMER,
        RTL_QUERY_REGISTRY_TABLE,
    };
    pub use windows_sys::Win32::Foundation::UNICODE_STRING;
    pub use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;
    pub use windows_sys::Win32::System::Kernel::LIST_ENTRY;
    pub use windows_sys::core::GUID;
}

/// Asserts that both sources give a structure the same size, and each field named the same offset.
/// A field that the sources call differently follows after a semicolon, as `ours = theirs`.
#[macro_export]
macro_rules! same_layout {
    ($name:ident $($rest:tt)*) => {
        const _: () = assert!(
            ::core::mem::size_of::<$crate::wdk_sys::$name>() == ::core::mem::size_of::<$crate::metadata::$name>(),
            concat!("the sizes of ", stringify!($name), " differ")
        );
        $crate::same_offsets! { $name $($rest)* }
    };
}

/// Asserts that both sources give each field named the same offset.
#[macro_export]
macro_rules! same_offsets {
    ($name:ident { $($field:ident),* $(,)? } $(; $($ours:ident).+ = $($theirs:ident).+)* $(;)?) => {
        const _: () = {
            $(assert!(
                ::core::mem::offset_of!($crate::wdk_sys::$name, $field)
                    == ::core::mem::offset_of!($crate::metadata::$name, $field),
                concat!("the offsets of ", stringify!($name), ".", stringify!($field), " differ")
            );)*
            $(assert!(
                ::core::mem::offset_of!($crate::wdk_sys::$name, $($ours).+)
                    == ::core::mem::offset_of!($crate::metadata::$name, $($theirs).+),
                concat!("the offsets of ", stringify!($name), ".", stringify!($($theirs).+), " differ")
            );)*
        };
    };
}

/// Asserts that a field of a structure of `wdk-sys` is where the documentation has it.
#[macro_export]
macro_rules! documented {
    ($name:ident { $($($field:ident).+ : $offset:literal),* $(,)? }) => {
        const _: () = {
            $(assert!(
                ::core::mem::offset_of!($crate::wdk_sys::$name, $($field).+) == $offset,
                concat!(stringify!($name), ".", stringify!($($field).+), " is not at ", stringify!($offset))
            );)*
        };
    };
}

same_layout! {
    IRP {
        Type, Size, MdlAddress, Flags, AssociatedIrp, ThreadListEntry, IoStatus, RequestorMode,
        PendingReturned, StackCount, CurrentLocation, Cancel, CancelIrql, ApcEnvironment,
        AllocationFlags, UserEvent, Overlay, CancelRoutine, UserBuffer, Tail,
    };
    AssociatedIrp.SystemBuffer = AssociatedIrp.SystemBuffer;
    Tail.Overlay.__bindgen_anon_1.__bindgen_anon_1.DriverContext
        = Tail.Overlay.Anonymous1.Anonymous.DriverContext;
    Tail.Overlay.Thread = Tail.Overlay.Thread;
    Tail.Overlay.__bindgen_anon_2.ListEntry = Tail.Overlay.Anonymous2.ListEntry;
    Tail.Overlay.__bindgen_anon_2.__bindgen_anon_1.CurrentStackLocation
        = Tail.Overlay.Anonymous2.Anonymous.CurrentStackLocation;
    Tail.Overlay.OriginalFileObject = Tail.Overlay.OriginalFileObject;
}

same_layout! {
    IO_STACK_LOCATION {
        MajorFunction, MinorFunction, Flags, Control, Parameters, DeviceObject, FileObject,
        CompletionRoutine, Context,
    }
}

// x64: each member of the union is aligned to a pointer.
documented! {
    IO_STACK_LOCATION {
        Parameters.DeviceIoControl.OutputBufferLength: 0x08,
        Parameters.DeviceIoControl.InputBufferLength: 0x10,
        Parameters.DeviceIoControl.IoControlCode: 0x18,
        Parameters.DeviceIoControl.Type3InputBuffer: 0x20,
        DeviceObject: 0x28,
        FileObject: 0x30,
        CompletionRoutine: 0x38,
        Context: 0x40,
    }
}

same_layout! {
    IO_STATUS_BLOCK { Information };
    __bindgen_anon_1.Status = Anonymous.Status;
}

// The metadata has lost its alignment, and so the eight bytes at its end.
same_offsets! {
    DEVICE_OBJECT {
        Type, Size, ReferenceCount, DriverObject, NextDevice, AttachedDevice, CurrentIrp, Timer, Flags,
        Characteristics, Vpb, DeviceExtension, DeviceType, StackSize, Queue, AlignmentRequirement,
        DeviceQueue, Dpc, ActiveThreadCount, SecurityDescriptor, DeviceLock, SectorSize,
        DeviceObjectExtension,
    }
}

same_layout! {
    DRIVER_OBJECT {
        Type, Size, DeviceObject, Flags, DriverStart, DriverSize, DriverSection, DriverExtension,
        DriverName, HardwareDatabase, FastIoDispatch, DriverInit, DriverStartIo, DriverUnload,
        MajorFunction,
    }
}

same_layout! {
    DRIVER_EXTENSION { DriverObject, AddDevice, Count, ServiceKeyName }
}

same_layout! {
    FILE_OBJECT {
        Type, Size, DeviceObject, Vpb, FsContext, FsContext2, SectionObjectPointer, PrivateCacheMap,
        FinalStatus, RelatedFileObject, LockOperation, DeletePending, ReadAccess, WriteAccess,
        DeleteAccess, SharedRead, SharedWrite, SharedDelete, Flags, FileName, CurrentByteOffset,
        Waiters, Busy, LastLock, Lock, Event, CompletionContext, IrpListLock, IrpList,
        FileObjectExtension,
    }
}

same_layout! {
    IO_CSQ {
        Type, CsqInsertIrp, CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock, CsqReleaseLock,
        CsqCompleteCanceledIrp, ReservePointer,
    }
}

same_layout! {
    IO_CSQ_IRP_CONTEXT { Type, Irp, Csq }
}

same_layout! {
    IO_REMOVE_LOCK { Common };
    Common.Removed = Common.Removed;
    Common.IoCount = Common.IoCount;
    Common.RemoveEvent = Common.RemoveEvent;
}

same_layout! {
    EX_RUNDOWN_REF {}
}

same_layout! {
    KEVENT { Header }
}

same_layout! {
    DISPATCHER_HEADER { SignalState, WaitListHead }
}

// `Period` is elsewhere in the metadata, which lacks the field before it. Only the kernel uses it.
same_layout! {
    KTIMER { Header, DueTime, TimerListEntry, Dpc }
}

same_layout! {
    KDPC {
        DpcListEntry, DeferredRoutine, DeferredContext, SystemArgument1, SystemArgument2, DpcData,
    }
}

same_layout! {
    RTL_QUERY_REGISTRY_TABLE {
        QueryRoutine, Flags, Name, EntryContext, DefaultType, DefaultData, DefaultLength,
    }
}

same_layout! {
    LIST_ENTRY { Flink, Blink }
}

same_layout! {
    UNICODE_STRING { Length, MaximumLength, Buffer }
}

same_layout! {
    GUID {};
    Data1 = data1;
    Data2 = data2;
    Data3 = data3;
    Data4 = data4;
}
