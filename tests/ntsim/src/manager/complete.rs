//! Completing IRPs.

use crate::cpu;
use crate::ddi::irp::own;
use crate::ddi::mm::{mdl, probe};
use crate::finding;
use crate::guest;
use crate::nt::{irp, major, method, stack_location, status};
use crate::race;
use crate::rule::{self, completion::AtCompletion};
use crate::schedule;
use crate::world;
use crate::world::irp::Own;
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

/// The life of the IRP ends, and that of its system buffer; what the program gave to the driver is looked at.
fn touches(address: usize) -> Touches {
    let buffers = world::with(|world| {
        let irp = world.irps.at(address);
        irp.map_or([0; 3], |irp| [irp.buffer, irp.user[0], irp.user[1]])
    });
    let buffers = buffers.into_iter().filter(|buffer| *buffer != 0);
    buffers.fold(Touches::end(address), |touches, buffer| {
        touches.and(Span::object(buffer), Effect::Write)
    })
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
                came_back(address);
                return false;
            }
            require_alive(address);
            set_completing(address, true);
        } else if pending && above {
            stack_location::mark_pending(irp::stack_location(address));
        }
    }
    true
}

/// A completion routine has kept an IRP. If the driver has made that, it is at rest: drivers above have none to do
/// with it.
fn came_back(address: usize) {
    world::with(|world| {
        if let Some(irp) = world.irps.at(address)
            && !matches!(irp.own, None | Some(Own::Freed))
        {
            irp.dispatched = false;
        }
    });
}

/// A completion routine that frees an IRP says so.
fn require_alive(address: usize) {
    if world::with(|world| world.irps.at(address).and_then(|irp| irp.own)) == Some(Own::Freed) {
        finding::raise(
            &rule::own_irp::NOT_KEPT,
            "a completion routine has freed its IRP, and has not returned STATUS_MORE_PROCESSING_REQUIRED".into(),
        );
    }
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

/// What is known of a request that ends.
#[derive(Clone, Copy)]
struct Ending {
    number: usize,
    location: usize,
    file: usize,
    /// Where the output is in kernel space, and how much of it the requester can take.
    buffer: usize,
    length: usize,
    /// The program's own buffers.
    user: [usize; 2],
    input: usize,
    /// Whether the requester has filled the buffer by himself.
    is_his: bool,
}

/// The output, as far as the requester gets it.
fn output(ending: &Ending, status: u32, information: usize) -> Vec<u8> {
    let Ending {
        buffer,
        length,
        user: [_, direct],
        ..
    } = *ending;
    // The output is copied unless the IRP ends in an error, or with this warning.
    let copies = !status::is_error(status) && status != status::VERIFY_REQUIRED;
    let from = if buffer == 0 { direct } else { buffer };
    if from == 0 || !copies || information == 0 {
        return Vec::new();
    }
    if buffer == 0 && !probe::is_there(direct, information.min(length)) {
        // The program has freed it meanwhile.
        return Vec::new();
    }
    if information > length {
        finding::raise(
            &rule::buffer::INFORMATION_TOO_LARGE,
            format!("IoStatus.Information is {information}, the output buffer has {length} bytes"),
        );
    }
    guest::load(from, information)
}

/// Gives the answer to the requester and ends the IRP's life.
fn finish(address: usize) {
    if let Some(own) = world::with(|world| world.irps.at(address).and_then(|irp| irp.own)) {
        return own::finish(address, own);
    }
    let Some(ending) = world::with(|world| {
        let number = world.irps.find(address)?;
        let irp = world.irps.get(number)?;
        let file = irp.file.and_then(|file| world.files.get(file));
        Some(Ending {
            number,
            location: irp.top_location,
            file: file.map_or(0, |file| file.address),
            buffer: irp.buffer,
            length: irp.output_length,
            user: irp.user,
            input: irp.input,
            is_his: irp.major == major::DEVICE_CONTROL
                && method::of(irp.control_code) != method::BUFFERED,
        })
    }) else {
        return;
    };
    let Ending {
        number,
        buffer,
        file,
        ..
    } = ending;
    let status = irp::status(address);
    let information: usize = guest::read(address + irp::INFORMATION);
    let marked = stack_location::is_marked_pending(ending.location);
    let output = output(&ending, status, information);
    if !ending.is_his {
        finding::check(world::with(|world| {
            rule::buffer::check_output(world.irp_name(number), &output)
        }));
    }
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
    mdl::end_all_of(address);
    if ending.input != 0 {
        world::kill(ending.input);
    }
    for buffer in ending.user.into_iter().filter(|it| *it != 0) {
        world::free_user(buffer);
    }
    world::kill_both(address, buffer);
}
