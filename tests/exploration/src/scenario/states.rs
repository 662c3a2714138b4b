//! The states of Plug and Play, one after the other, and what the driver takes in each.

use super::control;
use super::stage::{Stage, TAG};
use crate::rule::account::WRONG_STATE;
use ntsim::finding;
use ntsim::manager::plug_and_play::Device;
use ntsim::manager::{file, request};
use ntsim::nt::{pnp, status};
use ntsim::world;

/// A request of the Plug and Play manager, and what new handles and requests are answered with
/// afterwards.
const WALK: &[(u8, u32)] = &[
    // Without its query, because a driver above refused that.
    (pnp::CANCEL_STOP_DEVICE, status::SUCCESS),
    (pnp::CANCEL_REMOVE_DEVICE, status::SUCCESS),
    (pnp::QUERY_STOP_DEVICE, status::DEVICE_NOT_READY),
    (pnp::CANCEL_STOP_DEVICE, status::SUCCESS),
    (pnp::CANCEL_STOP_DEVICE, status::SUCCESS),
    (pnp::QUERY_STOP_DEVICE, status::DEVICE_NOT_READY),
    (pnp::STOP_DEVICE, status::DEVICE_NOT_READY),
    // Too late: it has no resources any more.
    (pnp::CANCEL_STOP_DEVICE, status::DEVICE_NOT_READY),
    (pnp::QUERY_REMOVE_DEVICE, status::DEVICE_NOT_READY),
    // Back to where it was: stopped.
    (pnp::CANCEL_REMOVE_DEVICE, status::DEVICE_NOT_READY),
    (pnp::START_DEVICE, status::SUCCESS),
    (pnp::QUERY_REMOVE_DEVICE, status::DEVICE_NOT_READY),
    (pnp::CANCEL_REMOVE_DEVICE, status::SUCCESS),
];

/// Goes through the states of a device that is started.
pub fn walk(stage: Stage) {
    let device = stage.device();
    for (minor, expected) in WALK {
        world::with(|world| world.devices.going_away = true);
        send(device, *minor);
        look(stage, *minor, *expected);
    }
}

fn send(device: Device, minor: u8) {
    let status = device.request(minor);
    if !status::is_success(status) {
        wrong(minor, "the request itself", status::SUCCESS, status);
    }
}

/// Opens a handle, and has a request by one that is open.
fn look(stage: Stage, minor: u8, expected: u32) {
    match file::open() {
        Ok(handle) => {
            file::finish(handle);
            if expected != status::SUCCESS {
                wrong(minor, "a new handle", expected, status::SUCCESS);
            }
        }
        Err(status) if status == expected => {}
        Err(status) => wrong(minor, "a new handle", expected, status),
    }
    let number = control::pend("request in this state", stage.witness, TAG, 0);
    let returned = request::send(number);
    let welcome = expected == status::SUCCESS;
    let expected = if welcome { status::PENDING } else { expected };
    if returned != expected {
        wrong(minor, "a new request", expected, returned);
    }
    if welcome {
        request::cancel(number);
    }
}

fn wrong(minor: u8, what: &str, expected: u32, seen: u32) {
    let (name, expected, seen) = (pnp::name(minor), status::name(expected), status::name(seen));
    finding::raise(
        &WRONG_STATE,
        format!("after {name}, {what} was answered with {seen}, not {expected}"),
    );
}
