//! Io: remove locks and completion routines.

use super::{broken_rule, memory};
use crate::ddi::io::create_device;
use crate::ddi::remove_lock::{
    IoAcquireRemoveLockEx, IoInitializeRemoveLockEx, IoReleaseRemoveLockAndWaitEx,
    IoReleaseRemoveLockEx,
};
use crate::guest;
use crate::manager::complete;
use crate::manager::dispatch::{self, Ask};
use crate::nt::status::{DELETE_PENDING, MORE_PROCESSING_REQUIRED, SUCCESS};
use crate::nt::{irp, major, stack_location};
use crate::schedule;
use crate::world;

const SIZE: u32 = 0x20;

fn remove_lock() -> usize {
    let lock = memory(SIZE as usize);
    IoInitializeRemoveLockEx(lock, 0, 0, 0, SIZE);
    lock
}

#[test]
fn a_remove_lock_waits_and_refuses() {
    let broken = broken_rule(|| {
        let lock = remove_lock();
        assert_eq!(IoAcquireRemoveLockEx(lock, 1, 0, 0, SIZE), SUCCESS);
        assert_eq!(IoAcquireRemoveLockEx(lock, 2, 0, 0, SIZE), SUCCESS);
        let user = schedule::spawn("user", None, move || IoReleaseRemoveLockEx(lock, 2, SIZE));
        IoReleaseRemoveLockAndWaitEx(lock, 1, SIZE);
        assert_eq!(IoAcquireRemoveLockEx(lock, 3, 0, 0, SIZE), DELETE_PENDING);
        schedule::join(user);
    });
    assert_eq!(broken, None);
}

#[test]
fn misuse_of_remove_locks_is_found() {
    assert_eq!(
        broken_rule(|| {
            let lock = remove_lock();
            IoAcquireRemoveLockEx(lock, 1, 0, 0, SIZE);
            IoReleaseRemoveLockEx(lock, 2, SIZE);
        }),
        Some("remove-lock-tag")
    );
    assert_eq!(
        broken_rule(|| IoReleaseRemoveLockEx(remove_lock(), 1, SIZE)),
        Some("remove-lock-underflow")
    );
    assert_eq!(
        broken_rule(|| _ = IoAcquireRemoveLockEx(memory(0x20), 1, 0, 0, SIZE)),
        Some("remove-lock-not-initialized")
    );
    assert_eq!(
        broken_rule(|| {
            let lock = remove_lock();
            IoAcquireRemoveLockEx(lock, 1, 0, 0, SIZE);
            IoAcquireRemoveLockEx(lock, 2, 0, 0, SIZE);
            IoReleaseRemoveLockAndWaitEx(lock, 1, SIZE);
        }),
        Some("removal-hangs")
    );
}

extern "win64" fn keep(_device: usize, address: usize, context: usize) -> u32 {
    guest::write(context, irp::status(address));
    MORE_PROCESSING_REQUIRED
}

/// Makes an IRP that a driver with one device below it has passed down.
fn passed_down() -> (usize, usize) {
    let device = create_device(0, 0, 0, 0, true).unwrap();
    let number = dispatch::make(device, Ask::simple("test", major::PNP));
    let address = world::with(|world| world.irps.get(number).unwrap().address);
    irp::descend(address);
    (number, address)
}

#[test]
fn a_completion_routine_can_keep_the_irp() {
    let broken = broken_rule(|| {
        let (number, address) = passed_down();
        let seen = memory(4);
        let location = irp::stack_location(address);
        guest::write(
            location + stack_location::COMPLETION_ROUTINE,
            keep as *const () as usize,
        );
        guest::write(location + stack_location::CONTEXT, seen);
        guest::write(
            location + stack_location::CONTROL,
            stack_location::INVOKE_ON_SUCCESS,
        );
        irp::set_status(address, SUCCESS, 0);
        complete::complete(address);
        let completed = || world::with(|world| world.irps.get(number).unwrap().completed);
        assert!(!completed());
        assert_eq!(guest::read::<u32>(seen), SUCCESS);
        complete::complete(address);
        assert!(completed());
    });
    assert_eq!(broken, None);
}

#[test]
fn what_must_not_happen_at_completion_is_found() {
    assert_eq!(
        broken_rule(|| {
            let (_, address) = passed_down();
            irp::set_status(address, SUCCESS, 0);
            complete::complete(address);
            complete::complete(address);
        }),
        Some("irp-completed-twice")
    );
    assert_eq!(
        broken_rule(|| {
            let (_, address) = passed_down();
            irp::set_status(address, SUCCESS, 0);
            let _ = irp::exchange_cancel_routine(address, 0x1000);
            complete::complete(address);
        }),
        Some("cancel-routine-set")
    );
    assert_eq!(
        broken_rule(|| {
            let (_, address) = passed_down();
            irp::set_status(address, crate::nt::status::PENDING, 0);
            complete::complete(address);
        }),
        Some("completed-with-pending")
    );
    assert_eq!(
        broken_rule(|| {
            let (_, address) = passed_down();
            irp::set_status(address, crate::nt::status::CANCELLED, 0);
            complete::complete(address);
        }),
        Some("canceled-for-nothing")
    );
    assert_eq!(
        broken_rule(|| complete::complete(memory(0x100))),
        Some("not-an-irp")
    );
}
