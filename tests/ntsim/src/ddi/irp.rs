//! Io: IRPs that exist.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

pub mod own;

use super::ke::spin_lock;
use super::{enter, exports};
use crate::guest;
use crate::manager::{cancel, complete, dispatch};
use crate::nt::DISPATCH_LEVEL;
use crate::nt::irp;
use crate::schedule;
use crate::world::step::Touches;
use crate::world::step::kernel::CANCEL_LOCK;

exports! {
    IofCompleteRequest, IofCallDriver, PoCallDriver, PoStartNextPowerIrp, IoCancelIrp,
    IoAcquireCancelSpinLock, IoReleaseCancelSpinLock, IoSetCancelRoutine,
}

pub extern "win64" fn IofCompleteRequest(irp: usize, _boost: i8) {
    enter("IofCompleteRequest", DISPATCH_LEVEL);
    complete::complete(irp);
}

pub extern "win64" fn IofCallDriver(device: usize, irp: usize) -> u32 {
    enter("IofCallDriver", DISPATCH_LEVEL);
    dispatch::call_driver(device, irp)
}

pub extern "win64" fn PoCallDriver(device: usize, irp: usize) -> u32 {
    enter("PoCallDriver", DISPATCH_LEVEL);
    dispatch::call_driver(device, irp)
}

/// Has done nothing since Windows Vista.
pub extern "win64" fn PoStartNextPowerIrp(_irp: usize) {}

pub extern "win64" fn IoCancelIrp(irp: usize) -> u8 {
    enter("IoCancelIrp", DISPATCH_LEVEL);
    u8::from(cancel::cancel(irp))
}

pub extern "win64" fn IoAcquireCancelSpinLock(irql: usize) {
    let old = spin_lock::acquire(CANCEL_LOCK);
    guest::write(irql, old);
}

pub extern "win64" fn IoReleaseCancelSpinLock(irql: u8) {
    spin_lock::release(CANCEL_LOCK, Some(irql));
}

/// A macro in the headers; exported here for drivers whose headers make it a call.
pub extern "win64" fn IoSetCancelRoutine(address: usize, routine: usize) -> usize {
    let field = Touches::write(address + irp::CANCEL_ROUTINE, size_of::<usize>());
    schedule::step("set cancel routine", address, field);
    irp::exchange_cancel_routine(address, routine)
}
