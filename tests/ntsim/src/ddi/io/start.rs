//! Io: the `StartIo` routine.
//!
//! As documented for `IoStartPacket` and `IoStartNextPacket`: the routine is called at `DISPATCH_LEVEL` for one IRP after
//! the other, and with a cancel routine the cancel spin lock is held while an IRP is put into the queue or taken from it.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::ke::{queue, spin_lock};
use crate::ddi::{callback, enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::{DISPATCH_LEVEL, device_object, driver_object, irp};
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::step::Touches;
use crate::world::step::kernel::CANCEL_LOCK;

exports! { IoStartPacket, IoStartNextPacket, IoStartNextPacketByKey, IoSetStartIoAttributes }

fn start_io(device: usize, address: usize) {
    let driver: usize = guest::read(device + device_object::DRIVER);
    let routine = driver_object::start_io_routine(driver);
    if routine == 0 {
        finding::raise(
            &rule::dispatch::NO_ROUTINE,
            "the driver has no StartIo routine".into(),
        );
    }
    callback(routine, &[device, address]);
}

/// Says which IRP is current.
fn set_current(device: usize, address: usize) {
    let field = Touches::write(device + device_object::CURRENT_IRP, size_of::<usize>());
    schedule::step("", 0, field);
    guest::write(device + device_object::CURRENT_IRP, address);
}

pub extern "win64" fn IoStartPacket(device: usize, address: usize, key: usize, cancel: usize) {
    enter("IoStartPacket", DISPATCH_LEVEL);
    let old = world::with(|world| std::mem::replace(&mut world.thread().irql, DISPATCH_LEVEL));
    if cancel != 0 {
        let irql = spin_lock::acquire(CANCEL_LOCK);
        guest::write(address + irp::CANCEL_IRQL, irql);
        let field = Touches::write(address + irp::CANCEL_ROUTINE, size_of::<usize>());
        schedule::step("set cancel routine", address, field);
        let _ = irp::exchange_cancel_routine(address, cancel);
    }
    let entry = address + irp::DEVICE_QUEUE_ENTRY;
    let key = (key != 0).then(|| guest::read::<u32>(key));
    let queue = device + device_object::DEVICE_QUEUE;
    if queue::insert("IoStartPacket", queue, entry, key) {
        if cancel != 0 {
            withdraw_canceled(device, address);
        }
    } else {
        set_current(device, address);
        if cancel != 0 {
            spin_lock::release(CANCEL_LOCK, Some(DISPATCH_LEVEL));
        }
        start_io(device, address);
    }
    world::with(|world| world.thread().irql = old);
}

/// An IRP is in the queue, and the cancel spin lock is held: calls its cancel routine if it was canceled before.
fn withdraw_canceled(device: usize, address: usize) {
    let field = Touches::write(address + irp::CANCEL, 1);
    schedule::step("look at Irp->Cancel", address, field);
    let routine = if irp::is_canceled(address) {
        irp::exchange_cancel_routine(address, 0)
    } else {
        0
    };
    if routine == 0 {
        spin_lock::release(CANCEL_LOCK, Some(DISPATCH_LEVEL));
    } else {
        guest::write(address + irp::CANCEL_IRQL, DISPATCH_LEVEL);
        callback(routine, &[device, address]);
    }
}

fn start_next(what: &'static str, device: usize, cancelable: u8, key: Option<u32>) {
    let irql = world::with(|world| world.thread().irql);
    if irql != DISPATCH_LEVEL {
        finding::raise(
            &rule::irql::TOO_LOW,
            format!("{what} was called at IRQL {irql}"),
        );
    }
    if cancelable != 0 {
        spin_lock::acquire(CANCEL_LOCK);
    }
    set_current(device, 0);
    let entry = queue::remove(what, device + device_object::DEVICE_QUEUE, key);
    let address = entry.wrapping_sub(irp::DEVICE_QUEUE_ENTRY);
    if entry != 0 {
        set_current(device, address);
    }
    if cancelable != 0 {
        spin_lock::release(CANCEL_LOCK, Some(DISPATCH_LEVEL));
    }
    if entry != 0 {
        start_io(device, address);
    }
}

pub extern "win64" fn IoStartNextPacket(device: usize, cancelable: u8) {
    start_next("IoStartNextPacket", device, cancelable, None);
}

pub extern "win64" fn IoStartNextPacketByKey(device: usize, cancelable: u8, key: u32) {
    start_next("IoStartNextPacketByKey", device, cancelable, Some(key));
}

pub extern "win64" fn IoSetStartIoAttributes(_device: usize, _deferred: u8, _cancelable: u8) {
    enter("IoSetStartIoAttributes", DISPATCH_LEVEL);
}
