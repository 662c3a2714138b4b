//! What comes before and after the actors of every scenario: the driver is loaded and started, handles are opened;
//! at the end everything is removed, and nothing may be left.

use crate::checkpoint;
use crate::ddi::ke::dpc;
use crate::finding;
use crate::manager::plug_and_play::{self, Device};
use crate::manager::{file, loader};
use crate::nt::status;
use crate::rule;
use crate::schedule;
use crate::world::step::kernel::DPC_QUEUES;
use crate::world::{self, Passing};

/// DriverEntry, and for a Plug and Play driver AddDevice and start.
#[must_use]
pub fn start_driver() -> Option<Device> {
    load_driver();
    plug_and_play::is_supported().then(plug_and_play::add_and_start)
}

fn load_driver() {
    let status = loader::load();
    if !status::is_success(status) {
        let shown = status::name(status);
        finding::raise(
            &rule::plug_and_play::ADD_DEVICE_FAILED,
            format!("DriverEntry returned {shown}"),
        );
    }
}

/// Removal, unless that has happened, and unload.
pub fn stop_driver(device: Option<Device>) {
    if let Some(device) = device
        && device.exists()
    {
        device.remove();
    }
    loader::unload();
}

/// Opens the device, and returns the number of the file object.
#[must_use]
pub fn open() -> usize {
    match file::open() {
        Ok(number) => number,
        Err(status) => finding::raise(
            &rule::plug_and_play::OPEN_FAILED,
            format!("a handle could not be opened: {}", status::name(status)),
        ),
    }
}

/// Looks while nothing happens: the threads have done what they had to do, DPCs come to their end, and
/// no timer expires. The first time, the state is noted in which the actors have left everything.
pub fn at_rest(look: impl FnOnce()) {
    let passing = stop_time();
    if world::with(|world| world.state.is_none()) {
        let state = checkpoint::hash(&());
        world::with(|world| world.state = Some(state));
    }
    look();
    world::with(|world| world.passing = passing);
}

/// From now on, no timer expires; DPCs come to their end. Returns how time passed before.
pub fn stop_time() -> Passing {
    // That a timer has expired before or will only after is a difference: so this is a step.
    schedule::object_point("", DPC_QUEUES, 1);
    let passing = world::with(|world| std::mem::replace(&mut world.passing, Passing::Stopped));
    wait_for_dpcs();
    passing
}

/// Waits for the deferred procedure calls that are queued, or run.
pub fn wait_for_dpcs() {
    dpc::wait_for_active();
}
