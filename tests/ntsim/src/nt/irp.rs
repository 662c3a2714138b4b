//! `IRP`.

use crate::guest;
use crate::nt::stack_location;

/// `sizeof(IRP)`.
pub const SIZE: usize = 0xd0;
const TYPE: usize = 0x00;
const SIZE_FIELD: usize = 0x02;
/// `MdlAddress`.
pub const MDL: usize = 0x08;
/// `AssociatedIrp.SystemBuffer`.
pub const SYSTEM_BUFFER: usize = 0x18;
/// `IoStatus.Status`.
pub const STATUS: usize = 0x30;
/// `IoStatus.Information`.
pub const INFORMATION: usize = 0x38;
const REQUESTOR_MODE: usize = 0x40;
/// `PendingReturned`.
pub const PENDING_RETURNED: usize = 0x41;
const STACK_COUNT: usize = 0x42;
/// `CurrentLocation`.
pub const CURRENT_LOCATION: usize = 0x43;
/// `Cancel`.
pub const CANCEL: usize = 0x44;
/// `CancelIrql`.
pub const CANCEL_IRQL: usize = 0x45;
/// `CancelRoutine`.
pub const CANCEL_ROUTINE: usize = 0x68;
/// `UserBuffer`.
pub const USER_BUFFER: usize = 0x70;
/// `Tail.Overlay.DriverContext`.
pub const DRIVER_CONTEXT: usize = 0x78;
/// `Tail.Overlay.DeviceQueueEntry`, in the same place.
pub const DEVICE_QUEUE_ENTRY: usize = DRIVER_CONTEXT;
/// `Tail.Overlay.Thread`.
pub const THREAD: usize = 0x98;
/// `Tail.Overlay.ListEntry`.
pub const LIST_ENTRY: usize = 0xa8;
/// `Tail.Overlay.CurrentStackLocation`.
pub const CURRENT_STACK_LOCATION: usize = 0xb8;
/// `Tail.Overlay.OriginalFileObject`.
pub const ORIGINAL_FILE_OBJECT: usize = 0xc0;
/// `DriverContext[3]`, which belongs to the IoCsq library while the IRP is queued.
pub const CSQ_CONTEXT: usize = DRIVER_CONTEXT + 3 * size_of::<usize>();

const IO_TYPE_IRP: i16 = 6;
const USER_MODE: u8 = 1;

/// Bytes of an IRP with this many stack locations.
#[must_use]
pub const fn size(stack_count: u8) -> usize {
    SIZE + stack_count as usize * stack_location::SIZE
}

/// Fills in a zeroed IRP. No location is current yet: `IofCallDriver` moves to the first.
pub fn initialize(irp: usize, stack_count: u8, user: bool) {
    guest::write(irp + TYPE, IO_TYPE_IRP);
    guest::write(irp + SIZE_FIELD, size(stack_count) as u16);
    guest::write(irp + REQUESTOR_MODE, if user { USER_MODE } else { 0 });
    guest::write(irp + STACK_COUNT, stack_count);
    guest::write(irp + CURRENT_LOCATION, stack_count + 1);
    guest::write(irp + CURRENT_STACK_LOCATION, irp + size(stack_count));
}

/// `StackCount`.
#[must_use]
pub fn stack_count(irp: usize) -> u8 {
    guest::read(irp + STACK_COUNT)
}

/// `CurrentLocation`.
#[must_use]
pub fn current_location(irp: usize) -> u8 {
    guest::read(irp + CURRENT_LOCATION)
}

/// `IoGetCurrentIrpStackLocation`.
#[must_use]
pub fn stack_location(irp: usize) -> usize {
    guest::read(irp + CURRENT_STACK_LOCATION)
}

/// Moves to the next lower driver's location.
pub fn descend(irp: usize) {
    guest::write(irp + CURRENT_LOCATION, current_location(irp) - 1);
    guest::write(
        irp + CURRENT_STACK_LOCATION,
        stack_location(irp) - stack_location::SIZE,
    );
}

/// Moves to the next higher driver's location.
pub fn ascend(irp: usize) {
    guest::write(irp + CURRENT_LOCATION, current_location(irp) + 1);
    guest::write(
        irp + CURRENT_STACK_LOCATION,
        stack_location(irp) + stack_location::SIZE,
    );
}

/// `IoStatus.Status`.
#[must_use]
pub fn status(irp: usize) -> u32 {
    guest::read(irp + STATUS)
}

/// Sets `IoStatus`.
pub fn set_status(irp: usize, status: u32, information: usize) {
    guest::write(irp + STATUS, status);
    guest::write(irp + INFORMATION, information);
}

/// `IoSetCancelRoutine`: the old one.
#[must_use = "the caller has to know whether there was one"]
pub fn exchange_cancel_routine(irp: usize, routine: usize) -> usize {
    let old = guest::read(irp + CANCEL_ROUTINE);
    guest::write(irp + CANCEL_ROUTINE, routine);
    old
}

/// `Cancel`.
#[must_use]
pub fn is_canceled(irp: usize) -> bool {
    guest::read::<u8>(irp + CANCEL) != 0
}

/// The name of the field at an offset, for reports.
#[must_use]
pub fn field(offset: usize) -> &'static str {
    match offset {
        0x08..0x10 => "MdlAddress",
        0x18..0x20 => "AssociatedIrp.SystemBuffer",
        0x30..0x38 => "IoStatus.Status",
        0x38..=0x3f => "IoStatus.Information",
        0x41 => "PendingReturned",
        0x43 => "CurrentLocation",
        0x44 => "Cancel",
        0x45 => "CancelIrql",
        0x68..0x70 => "CancelRoutine",
        0x70..0x78 => "UserBuffer",
        0x78..0x98 => "Tail.Overlay.DriverContext",
        0x98..0xa0 => "Tail.Overlay.Thread",
        0xa8..0xb8 => "Tail.Overlay.ListEntry",
        0xb8..0xc0 => "Tail.Overlay.CurrentStackLocation",
        0xc0..0xc8 => "Tail.Overlay.OriginalFileObject",
        SIZE.. => "a stack location",
        _ => "the header",
    }
}
