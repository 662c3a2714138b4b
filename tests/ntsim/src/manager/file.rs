//! File objects and handles.

use crate::ddi::io;
use crate::finding;
use crate::guest;
use crate::manager::dispatch::{self, Ask};
use crate::manager::{loader, plug_and_play};
use crate::nt::{device_object, driver_object, file_object, major, status, unicode_string};
use crate::race;
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::file::File;
use crate::world::step::{Touches, kernel};
use crate::world::thread::Guard;

/// Opens the device. The number of the file object, or the status that `IRP_MJ_CREATE` ended with.
///
/// # Errors
/// The NTSTATUS.
///
/// # Panics
/// When the memory for a run is used up.
pub fn open() -> Result<usize, u32> {
    open_named(None)
}

/// Opens what has a name below the device. As [`open`].
///
/// # Errors
/// The NTSTATUS.
///
/// # Panics
/// When the memory for a run is used up.
pub fn open_below(name: &str) -> Result<usize, u32> {
    let bytes: Vec<u8> = format!("\\{name}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let text = world::allocate(bytes.len(), 0).expect("memory for a name");
    guest::store(text, &bytes);
    let opened = open_named(Some((text, bytes.len() as u16)));
    world::kill(text);
    opened
}

/// Opens the device. What comes after its name is at an address, and has so many bytes.
fn open_named(name: Option<(usize, u16)>) -> Result<usize, u32> {
    let device = world::with(|world| world.devices.function).ok_or(status::NO_SUCH_DEVICE)?;
    let address = world::allocate(file_object::SIZE, 0).expect("memory for a file object");
    file_object::initialize(address, device);
    if let Some((text, length)) = name {
        unicode_string::set(address + file_object::FILE_NAME, length, length, text);
    }
    let number = world::with(|world| {
        world.files.push(File {
            address,
            device,
            handles: 1,
            cleaned_up: false,
            cleanup_done: false,
            closed: false,
            cancel_asked: false,
            closing: false,
            synchronous: false,
            busy: false,
            refused: false,
        });
        world.files.len() - 1
    });
    let status = synchronous(number, "create", major::CREATE);
    if status::is_success(status) {
        return Ok(number);
    }
    with_file(number, |file| {
        file.handles = 0;
        file.refused = true;
        file.closed = true;
    });
    world::kill(address);
    let device = with_file(number, |file| file.device);
    device.into_iter().for_each(io::delete_if_unused);
    Err(status)
}

/// Sends a request that comes back before anything else happens to the file.
fn synchronous(number: usize, name: &'static str, code: u8) -> u32 {
    let device = world::with(|world| world.files.get(number).map(|file| file.device));
    let Some(device) = device else {
        return status::INVALID_HANDLE;
    };
    let ask = Ask {
        file: Some(number),
        user: true,
        ..Ask::simple(name, code)
    };
    let irp = dispatch::make(device, ask);
    let returned = dispatch::send(device, irp);
    if returned != status::PENDING {
        return returned;
    }
    wait(irp)
}

/// Waits for an IRP to be completed and returns its status.
pub fn wait(irp: usize) -> u32 {
    let address = world::with(|world| world.irps.get(irp).map_or(0, |irp| irp.address));
    schedule::point(
        "wait for the request",
        address,
        Touches::NOTHING,
        Guard::Completed(irp),
    );
    race::acquire(address);
    world::with(|world| {
        world
            .irps
            .get(irp)
            .map_or(status::INVALID_PARAMETER, |irp| irp.status)
    })
}

fn with_file<R>(number: usize, work: impl FnOnce(&mut File) -> R) -> Option<R> {
    world::with(|world| world.files.get_mut(number).map(work))
}

/// Closes a handle. With the last one, the driver gets `IRP_MJ_CLEANUP`; `IRP_MJ_CLOSE` comes when no
/// request of the file is left, by [`close_if_idle`] or [`finish`].
pub fn close_handle(number: usize) {
    let last = with_file(number, |file| {
        file.handles = file.handles.saturating_sub(1);
        let last = file.handles == 0 && !file.cleaned_up;
        file.cleaned_up |= last;
        last
    });
    if last == Some(true) {
        expect_success(number, "cleanup", major::CLEANUP);
        with_file(number, |file| file.cleanup_done = true);
    }
}

fn expect_success(number: usize, name: &'static str, code: u8) {
    // Without a routine for it, what the I/O manager's own answers is of no account.
    let driver = world::with(|world| world.driver);
    let has_routine = driver_object::dispatch_routine(driver, code) != loader::default_routine();
    let status = synchronous(number, name, code);
    if !status::is_success(status) && has_routine {
        let shown = status::name(status);
        finding::raise(
            &rule::plug_and_play::CLEANUP_FAILED,
            format!("{name} ended with {shown}"),
        );
    }
}

/// Sends `IRP_MJ_CLOSE` if the file has been cleaned up and nothing is left of it.
pub fn close_if_idle(number: usize) {
    let due = world::with(|world| {
        let idle = world.holds(Guard::FileIdle(number));
        let file = world.files.get_mut(number)?;
        let due = file.cleanup_done && !file.closing && idle;
        file.closing |= due;
        due.then_some((file.address, file.device))
    });
    if let Some((address, device)) = due {
        // The last reference to the file object is gone.
        race::acquire(address);
        expect_success(number, "close", major::CLOSE);
        // Whether the device is deleted decides about who frees it.
        schedule::step("", 0, Touches::read(device, device_object::SIZE));
        with_file(number, |file| file.closed = true);
        race::ended(address);
        world::kill(address);
        io::delete_if_unused(device);
        plug_and_play::remove_unused();
    }
}

/// Closes the remaining handles, waits for the requests and sends `IRP_MJ_CLOSE`.
pub fn finish(number: usize) {
    while with_file(number, |file| file.handles > 0) == Some(true) {
        close_handle(number);
    }
    let address = with_file(number, |file| file.address).unwrap_or(0);
    schedule::point(
        "wait for all requests of",
        address,
        Touches::write(kernel::file(number), 1),
        Guard::FileIdle(number),
    );
    close_if_idle(number);
}
