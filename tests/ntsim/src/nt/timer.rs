//! `KTIMER`.

use crate::guest;

/// `sizeof(KTIMER)`.
pub const SIZE: usize = 0x40;
/// `Header.SignalState`.
pub const SIGNAL_STATE: usize = 0x04;
/// `DueTime`.
pub const DUE_TIME: usize = 0x18;
/// `Dpc`.
pub const DPC: usize = 0x30;
/// `Period`.
pub const PERIOD: usize = 0x3c;

/// Sets all fields as `KeInitializeTimerEx` does.
pub fn initialize(timer: usize, kind: i32) {
    /// `TimerNotificationObject`; the other kind follows it.
    const NOTIFICATION: u8 = 8;
    guest::fill(timer, SIZE, 0);
    guest::write(timer, NOTIFICATION + u8::from(kind != 0));
}

/// Sets what `KeSetTimerEx` is given.
pub fn set(timer: usize, due: u64, period: i32, dpc: usize) {
    guest::write(timer + DUE_TIME, due);
    guest::write(timer + PERIOD, period);
    guest::write(timer + DPC, dpc);
}

/// Sets whether it has expired.
pub fn set_signaled(timer: usize, signaled: bool) {
    guest::write(timer + SIGNAL_STATE, i32::from(signaled));
}
