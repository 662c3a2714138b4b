//! Canceling IRPs.

use crate::cpu;
use crate::ddi::ke::spin_lock;
use crate::finding;
use crate::guest;
use crate::nt::{irp, stack_location};
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::step::kernel::CANCEL_LOCK;
use crate::world::step::{Effect, Span, Touches};

/// `IoCancelIrp`. Returns whether there was a cancel routine to call.
///
/// Here the caller may be the I/O manager, which holds a reference to the IRP: one that is completed
/// meanwhile is then left alone, although its memory is out of the driver's reach.
pub fn cancel(address: usize) -> bool {
    world::with(|world| {
        if let Some(irp) = world.irps.at(address) {
            irp.cancel_requested = true;
        }
    });
    let irql = spin_lock::acquire(CANCEL_LOCK);
    let field = Touches::write(address + irp::CANCEL, 1);
    schedule::step("set Irp->Cancel", address, field);
    if is_over(address) {
        spin_lock::release(CANCEL_LOCK, Some(irql));
        return false;
    }
    guest::write(address + irp::CANCEL, 1u8);
    let field = Touches::write(address + irp::CANCEL_ROUTINE, size_of::<usize>());
    // With a routine, it also writes the IRQL, before anybody can complete the IRP because of that routine.
    let field = field.and(Span::new(address + irp::CANCEL_IRQL, 1), Effect::Write);
    schedule::step("take cancel routine", address, field);
    let routine = if is_over(address) {
        0
    } else {
        irp::exchange_cancel_routine(address, 0)
    };
    if routine == 0 {
        spin_lock::release(CANCEL_LOCK, Some(irql));
        return false;
    }
    guest::write(address + irp::CANCEL_IRQL, irql);
    let device: usize = guest::read(irp::stack_location(address) + stack_location::DEVICE);
    let held_before = world::with(|world| world.thread().held.len());
    call_cancel_routine(routine, [device, address, 0, 0], irql, held_before);
    true
}

/// Calls a cancel routine: it enters with the cancel spin lock held and leaves without.
fn call_cancel_routine(routine: usize, arguments: [usize; 4], irql: u8, held_before: usize) {
    if cpu::call_driver(routine, arguments).is_err() {
        schedule::stop();
    }
    let (now, held) = world::with(|world| (world.thread().irql, world.thread().held.len()));
    if held + 1 != held_before {
        finding::raise(
            &rule::lock::FORGOTTEN,
            "a cancel routine returned with a spin lock held".into(),
        );
    }
    if now != irql {
        finding::raise(
            &rule::irql::NOT_RESTORED,
            format!("a cancel routine returned at IRQL {now}; Irp->CancelIrql was {irql}"),
        );
    }
}

fn is_over(address: usize) -> bool {
    world::with(|world| world.irps.at(address).is_none_or(|irp| irp.completed))
}
