//! Making IRPs and handing them to drivers.

use crate::finding;
use crate::guest;
use crate::manager::{bus, enter_driver};
use crate::nt::{device_object, driver_object, irp, major, stack_location, status};
use crate::race;
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::irp::Irp;
use crate::world::step::{Touches, kernel};

/// What an IRP is to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// For reports.
    pub name: &'static str,
    /// `IRP_MJ`_*.
    pub major: u8,
    /// `IRP_MN`_*.
    pub minor: u8,
    /// The file object's number.
    pub file: Option<usize>,
    /// `Parameters`, as four words.
    pub parameters: [u64; 4],
    /// Whether a program asks.
    pub user: bool,
}

impl Ask {
    /// A request without parameters.
    pub const fn simple(name: &'static str, major: u8) -> Self {
        Self {
            name,
            major,
            minor: 0,
            file: None,
            parameters: [0; 4],
            user: false,
        }
    }
}

/// Makes an IRP for the stack that `device` is in, without a buffer. Returns its number.
///
/// # Panics
/// When the memory for a run is used up, which no scenario does.
pub fn make(device: usize, ask: Ask) -> usize {
    schedule::step("", 0, Touches::read(device, device_object::SIZE));
    let top = device_object::top(device);
    let stack_count = device_object::stack_size(top);
    let address = world::allocate(irp::size(stack_count), 0).expect("memory for an IRP");
    irp::initialize(address, stack_count, ask.user);
    irp::set_status(
        address,
        initial_status(ask.major),
        if world::with(|world| world.zeroed_information) {
            0
        } else {
            initial_information(ask.major)
        },
    );
    let location = irp::stack_location(address) - stack_location::SIZE;
    guest::write(location + stack_location::MAJOR, ask.major);
    guest::write(location + stack_location::MINOR, ask.minor);
    for (index, value) in ask.parameters.into_iter().enumerate() {
        stack_location::set_parameter(location, index, value);
    }
    let file_object = ask
        .file
        .and_then(|file| world::with(|world| world.files.get(file).map(|it| it.address)));
    let file_object = file_object.unwrap_or(0);
    guest::write(location + stack_location::FILE, file_object);
    guest::write(address + irp::ORIGINAL_FILE_OBJECT, file_object);
    let thread = world::with(|world| world.thread().processor.thread);
    guest::write(address + irp::THREAD, thread);
    world::with(|world| {
        let thread = world.current;
        world.irps.add(Irp {
            file: ask.file,
            major: ask.major,
            control_code: control_code(ask),
            ..Irp::new(ask.name, address, location, thread)
        })
    })
}

const fn control_code(ask: Ask) -> u32 {
    match ask {
        Ask {
            major: major::DEVICE_CONTROL,
            parameters: [_, _, code, _],
            ..
        } => code as u32,
        _ => 0,
    }
}

/// The status an IRP starts with. Requests for the whole stack are "not supported" until somebody
/// supports them.
const fn initial_status(code: u8) -> u32 {
    match code {
        major::PNP | major::POWER | major::SYSTEM_CONTROL => status::NOT_SUPPORTED,
        _ => status::SUCCESS,
    }
}

/// What `IoStatus.Information` starts with: nothing that a driver may leave there (TR-14), but for
/// requests for the whole stack, which may be passed down untouched.
const fn initial_information(code: u8) -> usize {
    match code {
        major::DEVICE_CONTROL => 0x5a5a_5a5a,
        _ => 0,
    }
}

/// Hands an IRP to the top of the stack and checks what the dispatch routine made of it.
pub fn send(device: usize, number: usize) -> u32 {
    let Some((address, location, file)) = world::with(|world| {
        let irp = world.irps.get_mut(number)?;
        irp.dispatched = true;
        let ends = (irp.address, irp.top_location, irp.file);
        world.log("dispatch", ends.0, None);
        Some(ends)
    }) else {
        return status::INVALID_PARAMETER;
    };
    schedule::entry_point(device, file);
    let top = device_object::top(device);
    let returned = call_driver(top, address);
    // Who asks for what the driver has already can tell.
    schedule::object_point("", kernel::returned(number), 1);
    let checked = world::with(|world| {
        let name = world.irp_name(number);
        world.log("dispatch routine returned", address, Some(returned));
        let irp = world.irps.get_mut(number)?;
        irp.dispatch_status = Some(returned);
        Some((name, irp.completed, irp.marked_pending))
    });
    if let Some((name, completed, marked)) = checked {
        let marked = if completed {
            marked
        } else {
            race::aside(|| stack_location::is_marked_pending(location))
        };
        finding::check(world::with(|world| match world.irps.get(number) {
            Some(irp) => rule::dispatch::check_returned(name, irp, returned, marked),
            None => Ok(()),
        }));
    }
    returned
}

/// `IofCallDriver`.
pub fn call_driver(device: usize, address: usize) -> u32 {
    let (known, physical) = world::with(|world| {
        let physical = world.devices.objects.get(&device).map(|it| it.physical);
        (world.irps.find(address).is_some(), physical)
    });
    if !known {
        finding::raise(
            &rule::completion::NOT_AN_IRP,
            format!("IoCallDriver was called with {address:#x}, which is no IRP"),
        );
    }
    let Some(physical) = physical else {
        finding::raise(
            &rule::object::NOT_A_DEVICE,
            format!("IoCallDriver was called for {device:#x}, which is no device object"),
        )
    };
    if irp::current_location(address) <= 1 {
        finding::raise(
            &rule::object::STACK_EXHAUSTED,
            format!("IoCallDriver was called for {address:#x}, which has no stack location left"),
        );
    }
    irp::descend(address);
    let location = irp::stack_location(address);
    guest::write(location + stack_location::DEVICE, device);
    world::with(|world| {
        let thread = world.current;
        if let Some(irp) = world.irps.at(address).filter(|irp| irp.own.is_some()) {
            irp.dispatched = true;
            irp.completed = false;
            irp.thread = thread;
        }
    });
    if physical {
        return bus::dispatch(address);
    }
    let code: u8 = guest::read(location + stack_location::MAJOR);
    let routine =
        driver_object::dispatch_routine(guest::read(device + device_object::DRIVER), code);
    if routine == 0 {
        finding::raise(
            &rule::dispatch::NO_ROUTINE,
            format!("the driver has no dispatch routine for major code {code:#x}"),
        );
    }
    enter_driver("a dispatch routine", routine, [device, address, 0, 0]) as u32
}
