//! Io: IRPs that the driver makes by itself, to send them to the drivers below.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::mm::mdl;
use crate::ddi::{enter, exports};
use crate::fault::{self, Point};
use crate::finding;
use crate::guest;
use crate::nt::{
    APC_LEVEL, DISPATCH_LEVEL, PASSIVE_LEVEL, device_object, irp, major, method, stack_location,
    status,
};
use crate::race;
use crate::rule::own_irp as rule;
use crate::schedule;
use crate::world;
use crate::world::irp::{Irp, Own};
use crate::world::step::Touches;

exports! {
    IoAllocateIrp, IoAllocateIrpEx, IoInitializeIrp, IoReuseIrp, IoFreeIrp, IoSizeofIrp, IoMakeAssociatedIrp,
    IoBuildDeviceIoControlRequest, IoBuildSynchronousFsdRequest, IoBuildAsynchronousFsdRequest,
}

/// Makes the record of an IRP in memory that is there.
fn adopt(address: usize, stack_count: u8, own: Own) {
    irp::initialize(address, stack_count, false);
    let top = irp::stack_location(address) - stack_location::SIZE;
    world::with(|world| {
        let record = Irp {
            own: Some(own),
            ..Irp::new("the driver's own", address, top, world.current)
        };
        world.irps.add(record);
        world.log("allocate IRP", address, None);
    });
}

fn make(stack_count: u8, own: Own) -> usize {
    if fault::fails(Point::Pool) {
        return 0;
    }
    let Some(address) = world::allocate(irp::size(stack_count), 0) else {
        return 0;
    };
    adopt(address, stack_count, own);
    address
}

pub extern "win64" fn IoAllocateIrp(stack_count: i8, _quota: u8) -> usize {
    enter("IoAllocateIrp", DISPATCH_LEVEL);
    make(stack_count as u8, Own::Allocated)
}

pub extern "win64" fn IoAllocateIrpEx(_device: usize, stack_count: i8, _quota: u8) -> usize {
    enter("IoAllocateIrpEx", DISPATCH_LEVEL);
    make(stack_count as u8, Own::Allocated)
}

pub extern "win64" fn IoMakeAssociatedIrp(master: usize, stack_count: i8) -> usize {
    enter("IoMakeAssociatedIrp", DISPATCH_LEVEL);
    let address = make(stack_count as u8, Own::Allocated);
    if address != 0 {
        guest::write(address + irp::SYSTEM_BUFFER, master);
    }
    address
}

pub extern "win64" fn IoSizeofIrp(stack_count: i8) -> u16 {
    irp::size(stack_count as u8) as u16
}

/// For memory of the driver's own, which it frees as what it is.
pub extern "win64" fn IoInitializeIrp(address: usize, size: u16, stack_count: i8) {
    enter("IoInitializeIrp", DISPATCH_LEVEL);
    guest::fill(address, usize::from(size), 0);
    adopt(address, stack_count as u8, Own::InPlace);
}

/// The kind of an IRP that the driver has, and whether it is on its way.
fn own(address: usize) -> Option<(Own, bool)> {
    world::with(|world| {
        let irp = world.irps.at(address)?;
        Some((irp.own?, irp.dispatched && !irp.completed))
    })
}

fn require(routine: &str, address: usize) {
    let state = own(address);
    let Some((Own::Allocated | Own::Asynchronous | Own::InPlace, busy)) = state else {
        let name = world::with(|world| world.object_name(address));
        finding::raise(
            &rule::NOT_OWN,
            format!(
                "{routine} was called for {name}, which the driver has not allocated, or freed before"
            ),
        )
    };
    if busy {
        let name = world::with(|world| world.object_name(address));
        finding::raise(
            &rule::FREED_IN_USE,
            format!("{routine} was called for {name}, which has not come back"),
        );
    }
}

pub extern "win64" fn IoReuseIrp(address: usize, initial: u32) {
    enter("IoReuseIrp", DISPATCH_LEVEL);
    require("IoReuseIrp", address);
    let count = irp::stack_count(address);
    guest::fill(address, irp::size(count), 0);
    irp::initialize(address, count, false);
    irp::set_status(address, initial, 0);
    world::with(|world| {
        if let Some(irp) = world.irps.at(address) {
            irp.dispatched = false;
            irp.completed = false;
            irp.completing = false;
            irp.cancel_requested = false;
        }
    });
}

pub extern "win64" fn IoFreeIrp(address: usize) {
    enter("IoFreeIrp", DISPATCH_LEVEL);
    schedule::step("free IRP", address, Touches::end(address));
    require("IoFreeIrp", address);
    end(address);
}

/// Ends the life of an IRP that the driver has made.
pub fn end(address: usize) {
    let in_place = world::with(|world| {
        let irp = world.irps.at(address)?;
        irp.completed = true;
        irp.own.replace(Own::Freed)
    });
    if in_place != Some(Own::InPlace) {
        race::ended(address);
        world::kill(address);
    }
}

/// Fills in the next stack location of an IRP for a device.
fn ask(address: usize, major: u8, parameters: [u64; 4]) {
    let location = irp::stack_location(address) - stack_location::SIZE;
    guest::write(location + stack_location::MAJOR, major);
    for (index, value) in parameters.into_iter().enumerate() {
        stack_location::set_parameter(location, index, value);
    }
    let thread = world::with(|world| world.thread().processor.thread);
    guest::write(address + irp::THREAD, thread);
}

/// Memory of the I/O manager for an IRP's data.
fn system_buffer(address: usize, from: usize, length: usize, room: usize) -> usize {
    let size = length.max(room);
    let Some(buffer) = world::allocate(size.max(1), 0) else {
        return 0;
    };
    if length != 0 {
        guest::copy(from, buffer, length);
    }
    guest::write(address + irp::SYSTEM_BUFFER, buffer);
    world::with(|world| {
        if let Some(irp) = world.irps.at(address) {
            irp.buffer = buffer;
            irp.buffer_length = size;
        }
    });
    buffer
}

/// Describes memory of the driver's by an MDL that belongs to the IRP.
fn attach_mdl(address: usize, buffer: usize, length: usize, written: bool) {
    guest::write(
        address + irp::MDL,
        mdl::make_locked(buffer, length, written),
    );
}

pub extern "win64" fn IoBuildDeviceIoControlRequest(
    code: u32,
    device: usize,
    input: usize,
    input_length: u32,
    output: usize,
    output_length: u32,
    internal: u8,
    event: usize,
    status_block: usize,
) -> usize {
    enter("IoBuildDeviceIoControlRequest", PASSIVE_LEVEL);
    let own = Own::Synchronous {
        event,
        status_block,
        output,
        output_length: output_length as usize,
    };
    let address = make(device_object::stack_size(device), own);
    if address == 0 {
        return 0;
    }
    let (input_length, output_length) = (input_length as usize, output_length as usize);
    let major = if internal == 0 {
        major::DEVICE_CONTROL
    } else {
        major::INTERNAL_DEVICE_CONTROL
    };
    let direct = if method::of(code) == method::NEITHER {
        input
    } else {
        0
    };
    let parameters = [output_length, input_length, code as usize, direct].map(|it| it as u64);
    ask(address, major, parameters);
    match method::of(code) {
        method::BUFFERED => {
            if input_length.max(output_length) != 0 {
                system_buffer(address, input, input_length, output_length);
            }
        }
        method::NEITHER => guest::write(address + irp::USER_BUFFER, output),
        direct => {
            if input_length != 0 {
                system_buffer(address, input, input_length, 0);
            }
            if output_length != 0 {
                attach_mdl(address, output, output_length, direct == method::OUT_DIRECT);
            }
        }
    }
    address
}

/// A read, write or other request for a file system or a device.
fn build(code: u32, device: usize, buffer: usize, length: u32, offset: usize, own: Own) -> usize {
    let address = make(device_object::stack_size(device), own);
    if address == 0 {
        return 0;
    }
    let code = code as u8;
    let at = if offset == 0 {
        0
    } else {
        guest::read::<u64>(offset)
    };
    let transfers = matches!(code, major::READ | major::WRITE);
    let parameters = if transfers {
        [u64::from(length), 0, at, 0]
    } else {
        [0; 4]
    };
    ask(address, code, parameters);
    let flags: u32 = guest::read(device + device_object::FLAGS);
    if transfers && length != 0 {
        let length = length as usize;
        if flags & device_object::BUFFERED != 0 {
            let input = if code == major::WRITE { length } else { 0 };
            system_buffer(address, buffer, input, length);
        } else if flags & device_object::DIRECT != 0 {
            attach_mdl(address, buffer, length, code == major::READ);
        } else {
            guest::write(address + irp::USER_BUFFER, buffer);
        }
    }
    address
}

pub extern "win64" fn IoBuildSynchronousFsdRequest(
    code: u32,
    device: usize,
    buffer: usize,
    length: u32,
    offset: usize,
    event: usize,
    status_block: usize,
) -> usize {
    enter("IoBuildSynchronousFsdRequest", PASSIVE_LEVEL);
    let own = Own::Synchronous {
        event,
        status_block,
        output: if code as u8 == major::READ { buffer } else { 0 },
        output_length: length as usize,
    };
    build(code, device, buffer, length, offset, own)
}

pub extern "win64" fn IoBuildAsynchronousFsdRequest(
    code: u32,
    device: usize,
    buffer: usize,
    length: u32,
    offset: usize,
    _status_block: usize,
) -> usize {
    enter("IoBuildAsynchronousFsdRequest", APC_LEVEL);
    build(code, device, buffer, length, offset, Own::Asynchronous)
}

/// An IRP of the driver's has come to its top: what the I/O manager does then.
pub fn finish(address: usize, own: Own) {
    let Own::Synchronous {
        event,
        status_block,
        output,
        output_length,
    } = own
    else {
        let name = world::with(|world| world.object_name(address));
        finding::raise(
            &rule::NOT_KEPT,
            format!("{name} came to its top, and no completion routine has kept it"),
        )
    };
    let status = irp::status(address);
    let information: usize = guest::read(address + irp::INFORMATION);
    let buffer = world::with(|world| world.irps.at(address).map_or(0, |irp| irp.buffer));
    if buffer != 0 && output != 0 && !status::is_error(status) && information != 0 {
        guest::copy(buffer, output, information.min(output_length));
    }
    mdl::end_all_of(address);
    if status_block != 0 {
        guest::write(status_block, status);
        guest::write(status_block + size_of::<usize>(), information);
    }
    world::with(|world| {
        world.log("completed", address, Some(status));
        if let Some(irp) = world.irps.at(address) {
            irp.status = status;
            irp.information = information;
        }
    });
    if buffer != 0 {
        world::kill(buffer);
    }
    end(address);
    if event != 0 {
        crate::ddi::ke::dispatcher::signal_event(event);
    }
}
