//! `IO_STACK_LOCATION`.

use crate::guest;

/// `sizeof(IO_STACK_LOCATION)`.
pub const SIZE: usize = 0x48;
/// `MajorFunction`.
pub const MAJOR: usize = 0x00;
/// `MinorFunction`.
pub const MINOR: usize = 0x01;
/// `Control`.
pub const CONTROL: usize = 0x03;
/// `Parameters`: four words of eight bytes, whatever windows-sys says.
pub const PARAMETERS: usize = 0x08;
/// `DeviceObject`.
pub const DEVICE: usize = 0x28;
/// `FileObject`.
pub const FILE: usize = 0x30;
/// `CompletionRoutine`.
pub const COMPLETION_ROUTINE: usize = 0x38;
/// `Context`.
pub const CONTEXT: usize = 0x40;

/// `SL_PENDING_RETURNED`.
pub const PENDING_RETURNED: u8 = 0x01;
/// `SL_INVOKE_ON_CANCEL`.
pub const INVOKE_ON_CANCEL: u8 = 0x20;
/// `SL_INVOKE_ON_SUCCESS`.
pub const INVOKE_ON_SUCCESS: u8 = 0x40;
/// `SL_INVOKE_ON_ERROR`.
pub const INVOKE_ON_ERROR: u8 = 0x80;

/// Whether `IoMarkIrpPending` was done at this location.
#[must_use]
pub fn is_marked_pending(location: usize) -> bool {
    guest::read::<u8>(location + CONTROL) & PENDING_RETURNED != 0
}

/// `IoMarkIrpPending`.
pub fn mark_pending(location: usize) {
    let control: u8 = guest::read(location + CONTROL);
    guest::write(location + CONTROL, control | PENDING_RETURNED);
}

/// Takes the mark back.
pub fn unmark_pending(location: usize) {
    let control: u8 = guest::read(location + CONTROL);
    guest::write(location + CONTROL, control & !PENDING_RETURNED);
}

/// Writes one of the four words of `Parameters`.
pub fn set_parameter(location: usize, index: usize, value: u64) {
    guest::write(location + PARAMETERS + index * size_of::<u64>(), value);
}
