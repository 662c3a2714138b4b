//! `KDPC`.

use crate::guest;

/// `sizeof(KDPC)`.
pub const SIZE: usize = 0x40;
/// `DeferredRoutine`.
pub const ROUTINE: usize = 0x18;
/// `DeferredContext`.
pub const CONTEXT: usize = 0x20;
/// `SystemArgument1`.
pub const FIRST_ARGUMENT: usize = 0x28;
/// `SystemArgument2`.
pub const SECOND_ARGUMENT: usize = 0x30;

/// Sets all fields as `KeInitializeDpc` does.
pub fn initialize(dpc: usize, routine: usize, context: usize) {
    /// `DpcObject`.
    const DPC_OBJECT: u8 = 0x13;
    guest::fill(dpc, SIZE, 0);
    guest::write(dpc, DPC_OBJECT);
    guest::write(dpc + ROUTINE, routine);
    guest::write(dpc + CONTEXT, context);
}

/// Sets what the next call gets.
pub fn set_arguments(dpc: usize, [first, second]: [usize; 2]) {
    guest::write(dpc + FIRST_ARGUMENT, first);
    guest::write(dpc + SECOND_ARGUMENT, second);
}
