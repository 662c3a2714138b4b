//! Everything that the system and programs may ask a driver, once, one after the other.

use crate::manager::dispatch::{self, Ask};
use crate::manager::plug_and_play::Device;
use crate::manager::{file, request};
use crate::nt::{major, status};
use crate::stage;
use crate::world;

/// From DriverEntry to unload.
pub fn play() {
    world::with(|world| world.zeroed_information = true);
    let device = stage::start_driver();
    if let Some(device) = device {
        system(device);
    }
    if let Ok(handle) = file::open() {
        programs(handle);
        if let Some(device) = device {
            system(device);
        }
        file::finish(handle);
    }
    stage::stop_driver(device);
}

fn system(device: Device) {
    device.unknown_requests();
    device.system_controls();
    device.sleep_and_wake();
    device.rebalance();
    device.query_and_cancel_remove();
}

/// Each major code that comes by a handle, and control codes that no driver has.
fn programs(handle: usize) {
    /// What has a place of its own in the life of a handle, or comes from the system.
    const OTHERS: [u8; 6] = [
        major::CREATE,
        major::CLOSE,
        major::CLEANUP,
        major::POWER,
        major::SYSTEM_CONTROL,
        major::PNP,
    ];
    let codes = 0..major::COUNT as u8;
    for code in codes.filter(|code| !OTHERS.contains(code)) {
        let ask = Ask {
            file: Some(handle),
            user: true,
            ..Ask::simple("request of any kind", code)
        };
        let device = world::with(|world| world.files.get(handle).map(|file| file.device));
        if let Some(device) = device {
            let irp = dispatch::make(device, ask);
            end(irp, dispatch::send(device, irp));
        }
    }
    for (code, length) in [(0, 0), (0x0022_0000, 8), (!3, 64)] {
        let control = request::Control {
            name: "unknown control code",
            file: handle,
            code,
            input: &[],
            output_length: length,
        };
        if let Some(irp) = request::prepare(&control) {
            end(irp, request::send(irp));
        }
    }
}

/// What stays with the driver is canceled.
fn end(irp: usize, returned: u32) {
    if returned == status::PENDING {
        request::cancel(irp);
        file::wait(irp);
    }
}
