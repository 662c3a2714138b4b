//! What programs ask for: DeviceIoControl and friends, cancellation, the end of threads.

use crate::guest;
use crate::manager::cancel;
use crate::manager::dispatch::{self, Ask};
use crate::nt::{device_object, irp, major, mdl, status};
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

/// Makes the IRP of a DeviceIoControl call, without sending it. Returns its number.
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
    attach_buffer(number, input, output_length);
    Some(number)
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
    if flags & (device_object::BUFFERED | device_object::DIRECT) == 0 || data.is_empty() {
        return Some(number);
    }
    let is_read = major == crate::nt::major::READ;
    let input = if is_read { &[][..] } else { data };
    attach_buffer(number, input, data.len());
    if flags & device_object::DIRECT != 0 {
        let (address, buffer) = world::with(|world| {
            let irp = world.irps.get_mut(number);
            irp.map_or((0, 0), |irp| (irp.address, irp.buffer))
        });
        guest::write(address + irp::SYSTEM_BUFFER, 0usize);
        guest::write(address + irp::MDL, mdl::make(buffer, data.len()));
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
