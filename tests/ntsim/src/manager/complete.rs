//! Completing IRPs.

use crate::cpu;
use crate::finding;
use crate::guest;
use crate::nt::{irp, stack_location, status};
use crate::race;
use crate::rule::{self, completion::AtCompletion};
use crate::schedule;
use crate::world;
use crate::world::step::{Effect, Span, Touches};

/// `IofCompleteRequest`.
pub fn complete(address: usize) {
    schedule::step("complete", address, touches(address));
    finding::check(world::with(|world| {
        rule::completion::check_owned(world, address)
    }));
    let at = AtCompletion {
        address,
        status: irp::status(address),
        cancel_routine: guest::read(address + irp::CANCEL_ROUTINE),
    };
    finding::check(world::with(|world| {
        rule::completion::check_state(world, at)
    }));
    set_completing(address, true);
    if walk_up(address) {
        finish(address);
    }
    schedule::driver_point();
}

/// The life of the IRP ends, and that of its system buffer.
fn touches(address: usize) -> Touches {
    let buffer = world::with(|world| world.irps.at(address).map_or(0, |irp| irp.buffer));
    let touches = Touches::end(address);
    if buffer == 0 {
        touches
    } else {
        touches.and(Span::object(buffer), Effect::Write)
    }
}

fn set_completing(address: usize, completing: bool) {
    world::with(|world| {
        if let Some(irp) = world.irps.at(address) {
            irp.completing = completing;
        }
    });
}

/// Calls the completion routines from the bottom up. `false` when one of them keeps the IRP.
fn walk_up(address: usize) -> bool {
    let count = irp::stack_count(address);
    while irp::current_location(address) <= count {
        let location = irp::stack_location(address);
        let pending = stack_location::is_marked_pending(location);
        guest::write(address + irp::PENDING_RETURNED, u8::from(pending));
        let routine: usize = guest::read(location + stack_location::COMPLETION_ROUTINE);
        let context: usize = guest::read(location + stack_location::CONTEXT);
        let control: u8 = guest::read(location + stack_location::CONTROL);
        irp::ascend(address);
        let above = irp::current_location(address) <= count;
        if routine != 0 && wants(control, address) {
            let device = if above {
                guest::read(irp::stack_location(address) + stack_location::DEVICE)
            } else {
                0
            };
            // The routine may keep it, and then another thread may complete it before the routine is back.
            set_completing(address, false);
            let answer =
                cpu::call_driver(routine, [device, address, context, 0]).unwrap_or_default();
            if answer as u32 == status::MORE_PROCESSING_REQUIRED {
                return false;
            }
            set_completing(address, true);
        } else if pending && above {
            stack_location::mark_pending(irp::stack_location(address));
        }
    }
    true
}

/// Whether a completion routine asked to be called for the state the IRP is in.
fn wants(control: u8, address: usize) -> bool {
    let outcome = if status::is_success(irp::status(address)) {
        stack_location::INVOKE_ON_SUCCESS
    } else {
        stack_location::INVOKE_ON_ERROR
    };
    let canceled = irp::is_canceled(address) && control & stack_location::INVOKE_ON_CANCEL != 0;
    control & outcome != 0 || canceled
}

/// Gives the answer to the requester and ends the IRP's life.
fn finish(address: usize) {
    let Some((number, location, buffer, length, file)) = world::with(|world| {
        let number = world.irps.find(address)?;
        let irp = world.irps.get(number)?;
        let file = irp.file.and_then(|file| world.files.get(file));
        let file = file.map_or(0, |file| file.address);
        let (buffer, length) = (irp.buffer, irp.output_length);
        Some((number, irp.top_location, buffer, length, file))
    }) else {
        return;
    };
    let status = irp::status(address);
    let information: usize = guest::read(address + irp::INFORMATION);
    let marked = stack_location::is_marked_pending(location);
    // The output is copied unless the IRP ends in an error, or with this warning.
    let copies = !status::is_error(status) && status != status::VERIFY_REQUIRED;
    let has_output = buffer != 0 && copies && information != 0;
    if has_output && information > length {
        finding::raise(
            &rule::buffer::INFORMATION_TOO_LARGE,
            format!("IoStatus.Information is {information}, the output buffer has {length} bytes"),
        );
    }
    let output = if has_output {
        guest::load(buffer, information)
    } else {
        Vec::new()
    };
    finding::check(world::with(|world| {
        rule::buffer::check_output(world.irp_name(number), &output)
    }));
    world::with(|world| {
        world.log("completed", address, Some(status));
        if let Some(irp) = world.irps.get_mut(number) {
            irp.completed = true;
            irp.status = status;
            irp.information = information;
            irp.output = output;
            irp.marked_pending = marked;
        }
    });
    race::ended(address);
    race::release(address);
    // The reference of the IRP to its file object is given back.
    race::release(file);
    if buffer != 0 {
        race::ended(buffer);
    }
    let mdl: usize = guest::read(address + irp::MDL);
    if mdl != 0 {
        race::ended(mdl);
        world::kill(mdl);
    }
    world::kill_both(address, buffer);
}
