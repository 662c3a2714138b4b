//! What programs ask for: DeviceIoControl and friends, cancellation, the end of threads.

use crate::ddi::mm::mdl;
use crate::guest;
use crate::manager::cancel;
use crate::manager::dispatch::{self, Ask};
use crate::mapping::PAGE;
use crate::nt::{device_object, irp, major, method, stack_location, status, user};
use crate::race;
use crate::rule::buffer::POISON;
use crate::schedule;
use crate::world;
use crate::world::step::Touches;
use crate::world::thread::Guard;

/// A call of DeviceIoControl.
#[derive(Clone, Debug)]
pub struct Control<'a> {
    /// For reports.
    pub name: &'static str,
    /// The file object's number.
    pub file: usize,
    /// The control code.
    pub code: u32,
    /// The input buffer.
    pub input: &'a [u8],
    /// The length of the output buffer.
    pub output_length: usize,
}

/// Makes the IRP of a DeviceIoControl call, without sending it, with the buffers where its code wants them. Returns its
/// number.
///
/// # Panics
/// When the memory for a run is used up.
pub fn prepare(control: &Control<'_>) -> Option<usize> {
    let Control {
        name,
        file,
        code,
        input,
        output_length,
    } = *control;
    let device = world::with(|world| world.files.get(file).map(|file| file.device))?;
    let ask = Ask {
        name,
        major: major::DEVICE_CONTROL,
        minor: 0,
        file: Some(file),
        parameters: [output_length as u64, input.len() as u64, u64::from(code), 0],
        user: true,
    };
    let number = dispatch::make(device, ask);
    match method::of(code) {
        method::BUFFERED => attach_buffer(number, input, output_length),
        method::NEITHER => attach_user(number, input, output_length),
        direct => {
            let filled: Vec<u8> = if direct == method::IN_DIRECT {
                (0..output_length).map(|index| index as u8).collect()
            } else {
                Vec::new()
            };
            attach_buffer(number, &filled, output_length);
            make_direct(number, direct == method::OUT_DIRECT);
            attach_input(number, input);
        }
    }
    Some(number)
}

/// The address of an IRP, and its buffer.
fn parts(number: usize) -> (usize, usize) {
    world::with(|world| {
        let irp = world.irps.get(number);
        irp.map_or((0, 0), |irp| (irp.address, irp.buffer))
    })
}

/// Lets an MDL describe the buffer of an IRP, instead of `SystemBuffer`.
fn make_direct(number: usize, written: bool) {
    let (address, buffer) = parts(number);
    if buffer != 0 {
        let length = world::with(|world| world.irps.get(number).map_or(0, |irp| irp.buffer_length));
        guest::write(address + irp::SYSTEM_BUFFER, 0usize);
        guest::write(
            address + irp::MDL,
            mdl::make_locked(buffer, length, written),
        );
    }
}

/// Gives a direct request its input.
fn attach_input(number: usize, input: &[u8]) {
    if input.is_empty() {
        return;
    }
    let buffer = world::allocate(input.len(), 0).expect("memory for a system buffer");
    guest::store(buffer, input);
    let (address, _) = parts(number);
    guest::write(address + irp::SYSTEM_BUFFER, buffer);
    world::with(|world| {
        if let Some(irp) = world.irps.get_mut(number) {
            irp.input = buffer;
        }
    });
}

/// Gives the IRP the addresses of the program's buffers, as `METHOD_NEITHER` does.
fn attach_user(number: usize, input: &[u8], output_length: usize) {
    let room = |bytes: &[u8]| {
        if bytes.is_empty() {
            0
        } else {
            world::allocate_user(bytes).expect("memory for a program's buffer")
        }
    };
    let (from, to) = (room(input), room(&vec![0; output_length]));
    set_user(number, from, to, output_length);
}

/// Says where the program's buffers are.
fn set_user(number: usize, from: usize, to: usize, output_length: usize) {
    let (address, _) = parts(number);
    let location = irp::stack_location(address) - stack_location::SIZE;
    stack_location::set_parameter(location, 3, from as u64);
    guest::write(address + irp::USER_BUFFER, to);
    world::with(|world| {
        if let Some(irp) = world.irps.get_mut(number) {
            irp.user = [from, to].map(|it| if user::contains(it) { it } else { 0 });
            irp.output_length = output_length;
        }
    });
}

/// A program frees the buffers of a request that the driver knows the addresses of.
pub fn free_buffers(number: usize) {
    let user = world::with(|world| world.irps.get(number).map_or([0; 2], |irp| irp.user));
    for buffer in user.into_iter().filter(|it| *it != 0) {
        schedule::step(
            "free the program's buffer",
            buffer,
            Touches::write(buffer, PAGE),
        );
        world::free_user(buffer);
    }
}

/// A program that means ill gives addresses of the kernel for its buffers.
pub fn give_kernel_addresses(number: usize) {
    let (address, _) = parts(number);
    let length = world::with(|world| world.irps.get(number).map_or(0, |irp| irp.output_length));
    let driver = world::with(|world| world.driver);
    if address != 0 {
        set_user(number, driver, driver, length);
    }
}

/// Makes the IRP of a `ReadFile` or `WriteFile` call, without sending it, with the memory for the data where the
/// device wants it. Returns its number.
///
/// # Panics
/// When the memory for a run is used up.
pub fn prepare_transfer(name: &'static str, file: usize, major: u8, data: &[u8]) -> Option<usize> {
    let device = world::with(|world| world.files.get(file).map(|file| file.device))?;
    let ask = Ask {
        name,
        major,
        minor: 0,
        file: Some(file),
        parameters: [data.len() as u64, 0, 0, 0],
        user: true,
    };
    let number = dispatch::make(device, ask);
    let flags: u32 = guest::read(device_object::top(device) + device_object::FLAGS);
    if data.is_empty() {
        return Some(number);
    }
    let is_read = major == crate::nt::major::READ;
    if flags & (device_object::BUFFERED | device_object::DIRECT) == 0 {
        let buffer = world::allocate_user(data).expect("memory for a program's buffer");
        let (address, _) = parts(number);
        guest::write(address + irp::USER_BUFFER, buffer);
        world::with(|world| {
            if let Some(irp) = world.irps.get_mut(number) {
                irp.user = [0, buffer];
                irp.output_length = if is_read { data.len() } else { 0 };
            }
        });
        return Some(number);
    }
    let input = if is_read { &[][..] } else { data };
    attach_buffer(number, input, data.len());
    if flags & device_object::DIRECT != 0 {
        make_direct(number, is_read);
    }
    Some(number)
}

/// Gives the IRP a system buffer, as `METHOD_BUFFERED` does: the input, and room for the output.
fn attach_buffer(number: usize, input: &[u8], output_length: usize) {
    let length = input.len().max(output_length);
    if length == 0 {
        return;
    }
    let buffer = world::allocate(length, POISON).expect("memory for a system buffer");
    guest::store(buffer, input);
    let address = world::with(|world| {
        let irp = world.irps.get_mut(number)?;
        irp.buffer = buffer;
        irp.buffer_length = length;
        irp.output_length = output_length;
        Some(irp.address)
    });
    if let Some(address) = address {
        guest::write(address + irp::SYSTEM_BUFFER, buffer);
    }
}

/// Sends a prepared request; it belongs to the thread that sends it.
pub fn send(number: usize) -> u32 {
    let device = world::with(|world| {
        let thread = world.current;
        let irp = world.irps.get_mut(number)?;
        irp.thread = thread;
        let file = irp.file?;
        world.files.get(file).map(|file| file.device)
    });
    device.map_or(status::INVALID_HANDLE, |device| {
        dispatch::send(device, number)
    })
}

/// A point before the I/O manager looks whether a request is completed.
fn look(number: usize) {
    if let Some(address) = world::with(|world| world.irps.get(number).map(|irp| irp.address)) {
        schedule::step("", address, Touches::read(address, 1));
    }
}

/// `CancelIoEx` for one request, or what the end of a thread does to it.
pub fn cancel(number: usize) -> bool {
    look(number);
    let address = world::with(|world| {
        let irp = world.irps.get_mut(number)?;
        if irp.completed {
            return None;
        }
        irp.cancel_requested = true;
        Some(irp.address)
    });
    address.is_some_and(cancel::cancel)
}

/// Cancels those outstanding requests that `which` picks, and says how many there were.
pub fn cancel_all(which: impl Fn(&crate::world::irp::Irp) -> bool) -> usize {
    let numbers: Vec<usize> = world::with(|world| {
        // Whether it is completed is looked at below, in a step of its own.
        let outstanding = |(_, irp): &(usize, &crate::world::irp::Irp)| irp.dispatched;
        let picked = world
            .irps
            .iter()
            .filter(outstanding)
            .filter(|(_, irp)| which(irp));
        picked.map(|(number, _)| number).collect()
    });
    let mut left = 0;
    for &number in &numbers {
        look(number);
        if world::with(|world| world.irps.get(number).is_some_and(|irp| !irp.completed)) {
            left += 1;
            cancel(number);
        }
    }
    left
}

/// What happens when the current thread ends: its requests are canceled, and it stays until they are
/// completed.
pub fn end_thread() {
    let thread = world::with(|world| world.current);
    cancel_all(|irp| irp.thread == thread);
    schedule::point(
        "wait for all requests of thread",
        thread,
        Touches::NOTHING,
        Guard::ThreadIdle(thread),
    );
    let addresses: Vec<usize> = world::with(|world| {
        let own = world.irps.iter().filter(|(_, irp)| irp.thread == thread);
        own.map(|(_, irp)| irp.address).collect()
    });
    addresses.into_iter().for_each(race::acquire);
}
