//! The kernel's structures, as far as this crate touches them (x64).
//!
//! Each lists the fields used here by name and the rest as padding; the offsets are asserted below,
//! and the tests compare them with the metadata Microsoft publishes (`windows-sys`).

use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::null_mut;

/// `NTSTATUS`.
pub type Status = i32;
/// `KIRQL`.
pub type Irql = u8;

/// Done.
pub const STATUS_SUCCESS: Status = 0;
/// The IRP ends later.
pub const STATUS_PENDING: Status = 0x103;
/// There is no such device.
pub const STATUS_NO_SUCH_DEVICE: Status = 0xC000_000E_u32.cast_signed();
/// A value in the registry is not of the type that was expected.
pub const STATUS_OBJECT_TYPE_MISMATCH: Status = 0xC000_0024_u32.cast_signed();
/// A completion routine keeps the IRP.
pub const STATUS_MORE_PROCESSING_REQUIRED: Status = 0xC000_0016_u32.cast_signed();
/// The device is being removed.
pub const STATUS_DELETE_PENDING: Status = 0xC000_0056_u32.cast_signed();
/// There is no memory.
pub const STATUS_INSUFFICIENT_RESOURCES: Status = 0xC000_009A_u32.cast_signed();

/// `DISPATCH_LEVEL`.
pub const DISPATCH_LEVEL: Irql = 2;

/// `IO_TYPE_IRP`.
pub const IO_TYPE_IRP: u16 = 6;
/// `SL_PENDING_RETURNED`.
pub const SL_PENDING_RETURNED: u8 = 0x01;

/// `PDRIVER_CANCEL`.
pub type CancelRoutine = unsafe extern "system" fn(*mut DeviceObject, *mut Irp);
/// `PIO_COMPLETION_ROUTINE`.
pub type CompletionRoutine =
    unsafe extern "system" fn(*mut DeviceObject, *mut Irp, *mut c_void) -> Status;
/// `PDRIVER_DISPATCH`.
pub type DispatchRoutine = unsafe extern "system" fn(*mut DeviceObject, *mut Irp) -> Status;
/// `PDRIVER_INITIALIZE`.
pub type InitializeRoutine =
    unsafe extern "system" fn(*mut DriverObject, *mut UnicodeString) -> Status;
/// `PKDEFERRED_ROUTINE`.
pub type DeferredRoutine =
    unsafe extern "system" fn(*mut Kdpc, *mut c_void, *mut c_void, *mut c_void);

/// `UNICODE_STRING`.
#[derive(Debug)]
#[repr(C)]
pub struct UnicodeString {
    /// Bytes in use.
    pub length: u16,
    /// Bytes there are.
    pub maximum_length: u16,
    /// UTF-16.
    pub buffer: *mut u16,
}

/// `IRP`.
#[derive(Debug)]
#[repr(C)]
pub struct Irp {
    /// [`IO_TYPE_IRP`].
    pub kind: u16,
    /// Bytes, stack locations included.
    pub size: u16,
    _allocation: u32,
    _mdl: *mut c_void,
    /// `IRP_*`.
    pub flags: u32,
    _associated: [usize; 3],
    /// `IoStatus.Status`.
    pub status: Status,
    /// `IoStatus.Information`.
    pub information: usize,
    /// `KernelMode` (0) or `UserMode` (1).
    pub requestor_mode: i8,
    /// Whether the stack location that was completed last had been marked pending.
    pub pending_returned: u8,
    /// Stack locations.
    pub stack_count: i8,
    /// The one in use, counted from 1; `stack_count + 1` before the first driver.
    pub current_location: i8,
    /// Whether somebody has canceled it.
    pub cancel: u8,
    /// The IRQL at which the cancel spin lock was acquired.
    pub cancel_irql: Irql,
    _apc: [u8; 2],
    _user: [usize; 4],
    /// Ends it when it is canceled; changed by exchange only.
    pub cancel_routine: Option<CancelRoutine>,
    /// `UserBuffer`.
    pub user_buffer: *mut c_void,
    /// The driver's own while it holds the IRP; the last is the cancel-safe queue's.
    pub driver_context: [*mut c_void; 4],
    /// The thread that asked.
    pub thread: *mut c_void,
    _auxiliary: *mut c_void,
    /// Links it into a driver's queue.
    pub list_entry: ListEntry,
    /// The stack location in use.
    pub current_stack_location: *mut StackLocation,
    /// The handle it was sent through.
    pub original_file_object: *mut c_void,
    _tail: usize,
}

/// `LIST_ENTRY`.
#[derive(Debug)]
#[repr(C)]
pub struct ListEntry {
    /// `Flink`.
    pub next: *mut ListEntry,
    /// `Blink`.
    pub previous: *mut ListEntry,
}

/// `IO_STACK_LOCATION`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct StackLocation {
    /// `IRP_MJ_*`.
    pub major: u8,
    /// `IRP_MN_*`.
    pub minor: u8,
    /// `SL_*` that depend on the major function.
    pub flags: u8,
    /// `SL_PENDING_RETURNED` and when to call the completion routine.
    pub control: u8,
    /// The parameters, which nothing here reads.
    pub parameters: [usize; 4],
    /// The device it was sent to.
    pub device: *mut DeviceObject,
    /// The handle it was sent through.
    pub file: *mut c_void,
    /// Called when the driver of this location has completed it.
    pub completion_routine: Option<CompletionRoutine>,
    /// For [`Self::completion_routine`].
    pub context: *mut c_void,
}

/// `DEVICE_OBJECT`.
#[derive(Debug)]
#[repr(C)]
pub struct DeviceObject {
    _header: usize,
    /// Whose device it is.
    pub driver: *mut DriverObject,
    _next: *mut DeviceObject,
    /// The device above.
    pub attached: *mut DeviceObject,
    _irp: [usize; 2],
    /// `DO_*`.
    pub flags: u32,
    _characteristics: u32,
    _vpb: usize,
    /// What [`Self::driver`] keeps with it.
    pub extension: *mut c_void,
    /// `FILE_DEVICE_*`.
    pub device_type: u32,
    /// How many stack locations an IRP for it needs.
    pub stack_size: i8,
    _rest: [u8; 0xfb],
}

/// `DRIVER_OBJECT`.
#[derive(Debug)]
#[repr(C)]
pub struct DriverObject {
    _header: [usize; 3],
    /// The driver's image; null for a driver without one.
    pub start: *const u8,
    _rest: [usize; 10],
    /// By `IRP_MJ_*`.
    pub major_function: [Option<DispatchRoutine>; 28],
}

/// `KDPC`.
#[derive(Debug)]
#[repr(C)]
pub struct Kdpc {
    _header: [usize; 3],
    /// What to call.
    pub routine: Option<DeferredRoutine>,
    /// With what.
    pub context: *mut c_void,
    /// And what.
    pub argument1: *mut c_void,
    /// And what.
    pub argument2: *mut c_void,
    _data: *mut c_void,
}

impl Kdpc {
    /// `KeInitializeDpc`.
    #[must_use]
    pub const fn new(routine: DeferredRoutine, context: *mut c_void) -> Self {
        Self {
            _header: [0; 3],
            routine: Some(routine),
            context,
            argument1: null_mut(),
            argument2: null_mut(),
            _data: null_mut(),
        }
    }
}

const _: () = {
    assert!(size_of::<Irp>() == 0xd0);
    assert!(offset_of!(Irp, flags) == 0x10);
    assert!(offset_of!(Irp, status) == 0x30);
    assert!(offset_of!(Irp, requestor_mode) == 0x40);
    assert!(offset_of!(Irp, cancel) == 0x44);
    assert!(offset_of!(Irp, cancel_routine) == 0x68);
    assert!(offset_of!(Irp, driver_context) == 0x78);
    assert!(offset_of!(Irp, list_entry) == 0xa8);
    assert!(offset_of!(Irp, current_stack_location) == 0xb8);
    assert!(size_of::<StackLocation>() == 0x48);
    assert!(offset_of!(StackLocation, device) == 0x28);
    assert!(offset_of!(StackLocation, completion_routine) == 0x38);
    assert!(size_of::<DeviceObject>() == 0x148);
    assert!(offset_of!(DeviceObject, attached) == 0x18);
    assert!(offset_of!(DeviceObject, extension) == 0x40);
    assert!(offset_of!(DeviceObject, stack_size) == 0x4c);
    assert!(size_of::<DriverObject>() == 0x150);
    assert!(offset_of!(DriverObject, start) == 0x18);
    assert!(offset_of!(DriverObject, major_function) == 0x70);
    assert!(size_of::<Kdpc>() == 0x40);
    assert!(offset_of!(Kdpc, routine) == 0x18);
};

/// The same, against the metadata Microsoft publishes.
#[cfg(test)]
mod metadata {
    use super::*;
    use windows_sys::Wdk::Foundation as wdk;
    use windows_sys::Win32::System::Kernel as kernel;

    macro_rules! agree {
        ($($ours:ident . $field:ident == $theirs:ty : $($path:tt).+),+ $(,)?) => {
            $(assert_eq!(
                offset_of!($ours, $field),
                offset_of!($theirs, $($path).+),
                concat!(stringify!($ours), ".", stringify!($field))
            );)+
        };
    }

    #[test]
    fn the_offsets_are_microsofts() {
        agree!(
            Irp.kind == wdk::IRP: Type,
            Irp.size == wdk::IRP: Size,
            Irp.flags == wdk::IRP: Flags,
            Irp.status == wdk::IRP: IoStatus,
            Irp.requestor_mode == wdk::IRP: RequestorMode,
            Irp.pending_returned == wdk::IRP: PendingReturned,
            Irp.stack_count == wdk::IRP: StackCount,
            Irp.current_location == wdk::IRP: CurrentLocation,
            Irp.cancel == wdk::IRP: Cancel,
            Irp.cancel_irql == wdk::IRP: CancelIrql,
            Irp.cancel_routine == wdk::IRP: CancelRoutine,
            Irp.user_buffer == wdk::IRP: UserBuffer,
            Irp.driver_context == wdk::IRP: Tail,
            Irp.thread == wdk::IRP: Tail.Overlay.Thread,
            Irp.original_file_object == wdk::IRP: Tail.Overlay.OriginalFileObject,
            StackLocation.control == wdk::IO_STACK_LOCATION: Control,
            StackLocation.parameters == wdk::IO_STACK_LOCATION: Parameters,
            StackLocation.device == wdk::IO_STACK_LOCATION: DeviceObject,
            StackLocation.file == wdk::IO_STACK_LOCATION: FileObject,
            StackLocation.completion_routine == wdk::IO_STACK_LOCATION: CompletionRoutine,
            StackLocation.context == wdk::IO_STACK_LOCATION: Context,
            DeviceObject.driver == wdk::DEVICE_OBJECT: DriverObject,
            DeviceObject.attached == wdk::DEVICE_OBJECT: AttachedDevice,
            DeviceObject.flags == wdk::DEVICE_OBJECT: Flags,
            DeviceObject.extension == wdk::DEVICE_OBJECT: DeviceExtension,
            DeviceObject.device_type == wdk::DEVICE_OBJECT: DeviceType,
            DeviceObject.stack_size == wdk::DEVICE_OBJECT: StackSize,
            DriverObject.start == wdk::DRIVER_OBJECT: DriverStart,
            DriverObject.major_function == wdk::DRIVER_OBJECT: MajorFunction,
            Kdpc.routine == wdk::KDPC: DeferredRoutine,
            Kdpc.context == wdk::KDPC: DeferredContext,
            Kdpc.argument1 == wdk::KDPC: SystemArgument1,
            Kdpc.argument2 == wdk::KDPC: SystemArgument2,
            ListEntry.previous == kernel::LIST_ENTRY: Blink,
        );
        assert_eq!(size_of::<Irp>(), size_of::<wdk::IRP>());
        assert_eq!(
            size_of::<StackLocation>(),
            size_of::<wdk::IO_STACK_LOCATION>()
        );
        assert_eq!(size_of::<DeviceObject>(), size_of::<wdk::DEVICE_OBJECT>());
        assert_eq!(size_of::<DriverObject>(), size_of::<wdk::DRIVER_OBJECT>());
        assert_eq!(size_of::<Kdpc>(), size_of::<wdk::KDPC>());
    }
}
