//! The constants: value and type, as `windows-sys` has them.

/// The constants as `windows-sys` has them.
pub mod metadata {
    pub use windows_sys::Wdk::Storage::FileSystem::{
        DO_BUFFERED_IO, DO_DEVICE_INITIALIZING, DO_DIRECT_IO, DO_POWER_INRUSH, DO_POWER_PAGABLE,
        IO_NO_INCREMENT,
    };
    pub use windows_sys::Wdk::System::SystemServices::{
        FILE_DEVICE_SECURE_OPEN, IRP_MJ_CLEANUP, IRP_MJ_CLOSE, IRP_MJ_CREATE,
        IRP_MJ_DEVICE_CONTROL, IRP_MJ_INTERNAL_DEVICE_CONTROL, IRP_MJ_PNP, IRP_MJ_POWER,
        IRP_MJ_READ, IRP_MJ_SYSTEM_CONTROL, IRP_MJ_WRITE, IRP_MN_CANCEL_REMOVE_DEVICE,
        IRP_MN_CANCEL_STOP_DEVICE, IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_QUERY_STOP_DEVICE,
        IRP_MN_REMOVE_DEVICE, IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE, IRP_MN_SURPRISE_REMOVAL,
        RTL_QUERY_REGISTRY_DIRECT, RTL_REGISTRY_ABSOLUTE, SL_INVOKE_ON_CANCEL, SL_INVOKE_ON_ERROR,
        SL_INVOKE_ON_SUCCESS, SL_PENDING_RETURNED,
    };
    pub use windows_sys::Win32::Foundation::{
        STATUS_CANCELLED, STATUS_DEVICE_NOT_READY, STATUS_DEVICE_REMOVED,
        STATUS_DRIVER_INTERNAL_ERROR, STATUS_FILE_CLOSED, STATUS_INSUFFICIENT_RESOURCES,
        STATUS_INVALID_DEVICE_REQUEST, STATUS_IO_TIMEOUT, STATUS_MORE_PROCESSING_REQUIRED,
        STATUS_OBJECT_NAME_NOT_FOUND, STATUS_PENDING, STATUS_SUCCESS,
    };
    pub use windows_sys::Win32::System::Ioctl::{
        FILE_DEVICE_UNKNOWN, METHOD_BUFFERED, METHOD_IN_DIRECT, METHOD_OUT_DIRECT,
    };
    pub use windows_sys::Win32::System::Registry::REG_DWORD;
}

/// Asserts that both sources give each constant the same type and value.
#[macro_export]
macro_rules! same_constants {
    ($($name:ident),* $(,)?) => {
        $(const _: () = assert!(
            $crate::wdk_sys::$name == $crate::constants::metadata::$name,
            concat!("the values of ", stringify!($name), " differ")
        );)*
    };
}

same_constants! {
    DO_BUFFERED_IO, DO_DEVICE_INITIALIZING, DO_DIRECT_IO, DO_POWER_INRUSH, DO_POWER_PAGABLE, IO_NO_INCREMENT, FILE_DEVICE_SECURE_OPEN,
    FILE_DEVICE_UNKNOWN, METHOD_BUFFERED, METHOD_IN_DIRECT, METHOD_OUT_DIRECT, REG_DWORD, RTL_QUERY_REGISTRY_DIRECT,
    RTL_REGISTRY_ABSOLUTE, SL_INVOKE_ON_CANCEL, SL_INVOKE_ON_ERROR, SL_INVOKE_ON_SUCCESS, SL_PENDING_RETURNED,
    IRP_MJ_CLEANUP, IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL, IRP_MJ_INTERNAL_DEVICE_CONTROL, IRP_MJ_PNP, IRP_MJ_POWER, IRP_MJ_READ,
    IRP_MJ_SYSTEM_CONTROL, IRP_MJ_WRITE, IRP_MN_CANCEL_REMOVE_DEVICE, IRP_MN_CANCEL_STOP_DEVICE,
    IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_QUERY_STOP_DEVICE, IRP_MN_REMOVE_DEVICE,
    IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE, IRP_MN_SURPRISE_REMOVAL, STATUS_CANCELLED,
    STATUS_DEVICE_REMOVED, STATUS_DEVICE_NOT_READY, STATUS_DRIVER_INTERNAL_ERROR,
    STATUS_FILE_CLOSED, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_IO_TIMEOUT, STATUS_MORE_PROCESSING_REQUIRED, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_PENDING,
    STATUS_SUCCESS,
}

// Members of enumerations, whose types `windows-sys` numbers as the header does.
const _: () = {
    use crate::wdk_sys::{
        _EVENT_INFO_CLASS, _EVENT_TYPE, _KWAIT_REASON, _MEMORY_CACHING_TYPE, _MM_PAGE_PRIORITY,
        _MODE, _WORK_QUEUE_TYPE,
    };
    use windows_sys::Wdk::System::SystemServices::{
        DelayedWorkQueue, MmCached, NormalPagePriority,
    };
    use windows_sys::Wdk::System::SystemServices::{Executive, KernelMode};
    use windows_sys::Win32::System::Diagnostics::Etw::EventProviderSetTraits;
    use windows_sys::Win32::System::Kernel::{NotificationEvent, SynchronizationEvent};

    assert!(_EVENT_TYPE::NotificationEvent == NotificationEvent);
    assert!(_EVENT_TYPE::SynchronizationEvent == SynchronizationEvent);
    assert!(_KWAIT_REASON::Executive == Executive);
    assert!(_MEMORY_CACHING_TYPE::MmCached == MmCached);
    assert!(_MM_PAGE_PRIORITY::NormalPagePriority == NormalPagePriority);
    assert!(_WORK_QUEUE_TYPE::DelayedWorkQueue == DelayedWorkQueue);
    assert!(_MODE::KernelMode == KernelMode);
    assert!(_EVENT_INFO_CLASS::EventProviderSetTraits == EventProviderSetTraits);
};

// Flags of an MDL, which `windows-sys` leaves out: as in wdm.h, and shown by `!mdl` in a debugger.
const _: () = {
    assert!(crate::wdk_sys::MDL_MAPPED_TO_SYSTEM_VA == 1);
    assert!(crate::wdk_sys::MDL_SOURCE_IS_NONPAGED_POOL == 4);
};
