//! The simulated bus driver, at the bottom of the stack: it owns the physical device object.

use crate::fault::{self, Point};
use crate::finding;
use crate::guest;
use crate::manager::complete;
use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL, irp, major, pnp, stack_location, status};
use crate::rule::plug_and_play::{GARBLED, NOT_HANDLED};
use crate::schedule;
use crate::world::{self, Bus};

/// Its dispatch routine. It completes everything at once, but a slow bus does what the Plug and Play
/// manager asks later, as real ones do that wait for their hardware.
pub fn dispatch(address: usize) -> u32 {
    let location = irp::stack_location(address);
    let code: u8 = guest::read(location + stack_location::MAJOR);
    let minor: u8 = guest::read(location + stack_location::MINOR);
    world::with(|world| {
        if let Some(irp) = world.irps.at(address) {
            irp.reached_bus = true;
        }
        world.log("reached the bus driver", address, None);
    });
    check(address, code, minor);
    let answer = match (code, minor) {
        (major::PNP | major::POWER | major::SYSTEM_CONTROL, _) if fault::fails(Point::Below) => {
            Point::Below.status()
        }
        (major::PNP, pnp::START_DEVICE..=pnp::CANCEL_STOP_DEVICE | pnp::SURPRISE_REMOVAL)
        // A filter has it opened, too.
        | (major::POWER | major::CREATE | major::CLEANUP | major::CLOSE, _) => status::SUCCESS,
        // What a bus driver does not know keeps its status.
        (major::PNP | major::SYSTEM_CONTROL, _) => irp::status(address),
        _ => status::INVALID_DEVICE_REQUEST,
    };
    let information = match code {
        major::PNP | major::POWER | major::SYSTEM_CONTROL => {
            guest::read(address + irp::INFORMATION)
        }
        _ => 0,
    };
    irp::set_status(address, answer, information);
    let slow = matches!(code, major::PNP | major::POWER);
    if slow && world::with(|world| world.bus == Bus::Slow) {
        stack_location::mark_pending(location);
        schedule::spawn("bus driver", None, move || complete_later(address));
        return status::PENDING;
    }
    complete::complete(address);
    answer
}

/// What a function driver above may send.
fn check(address: usize, code: u8, minor: u8) {
    // The driver's own may have a location for itself.
    let sent = world::with(|world| {
        let irp = world.irps.at(address)?;
        irp.own.is_none().then_some(irp.top_location)
    });
    let sent = sent.map(|location| {
        let at = |offset| guest::read::<u8>(location + offset);
        (at(stack_location::MAJOR), at(stack_location::MINOR))
    });
    if sent.is_some_and(|sent| sent != (code, minor)) {
        finding::raise(
            &GARBLED,
            format!(
                "major and minor code {sent:x?} came down as {:x?}",
                (code, minor)
            ),
        );
    }
    // The others are handled on their way up.
    let handled_first = matches!(
        minor,
        pnp::QUERY_STOP_DEVICE
            | pnp::STOP_DEVICE
            | pnp::QUERY_REMOVE_DEVICE
            | pnp::REMOVE_DEVICE
            | pnp::SURPRISE_REMOVAL
    );
    let so_far = irp::status(address);
    if code == major::PNP && handled_first && !status::is_success(so_far) {
        let (name, shown) = (pnp::name(minor), status::name(so_far));
        finding::raise(&NOT_HANDLED, format!("{name} came down with {shown}"));
    }
}

/// The DPC in which the hardware is done.
fn complete_later(address: usize) {
    world::with(|world| world.thread().irql = DISPATCH_LEVEL);
    complete::complete(address);
    world::with(|world| world.thread().irql = PASSIVE_LEVEL);
}
