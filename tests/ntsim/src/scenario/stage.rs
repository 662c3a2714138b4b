//! Where the actors act: a loaded driver, two handles, two requests.

use csq_protocol::{ioctl, wire};
use zerocopy::FromBytes;

use super::Actor;
use crate::finding;
use crate::manager::plug_and_play::{self, Device};
use crate::manager::{file, loader, request};
use crate::nt::status;
use crate::rule;
use crate::world;

/// Everything is a number or an address of the run, so actors can share it.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    device: Option<Device>,
    /// The handle that request A belongs to.
    pub client: usize,
    /// The handle of whoever else does something.
    pub server: usize,
    /// Request A.
    pub request: usize,
}

impl Stage {
    /// Loads and starts the driver and opens two handles. Request A is sent by the actor `Pend`;
    /// without one it is already with the driver, and so is request B of the other handle.
    pub fn set_up(actors: &[Actor]) -> Self {
        let device = start_driver();
        let client = open();
        let server = open();
        let prepared = request::prepare(&control::pend("request A", client, &control::input(1)));
        let request = prepared.unwrap_or_default();
        if !actors.contains(&Actor::Pend) {
            request::send(request);
            if let Some(other) =
                request::prepare(&control::pend("request B", server, &control::input(2)))
            {
                request::send(other);
            }
        }
        Self {
            device,
            client,
            server,
            request,
        }
    }

    /// The Plug and Play device.
    ///
    /// # Panics
    /// If the driver is none for Plug and Play; `explore` has refused such a scenario.
    pub fn device(&self) -> Device {
        self.device.expect("a Plug and Play driver")
    }

    /// Closes everything, removes the device and unloads the driver, and looks at what is left.
    pub fn tear_down(self) {
        if !world::with(|world| world.devices.going_away) {
            self.check_account();
        }
        if world::with(|world| world.devices.gone) {
            check_nothing_left();
        }
        file::finish(self.client);
        file::finish(self.server);
        stop_driver(self.device);
    }

    /// With A's handle closed, everything that was ever taken has ended, except what B's handle has.
    fn check_account(self) {
        file::finish(self.client);
        request::cancel_all(|irp| irp.file == Some(self.server));
        let ask = control::ask(
            "statistics",
            self.server,
            ioctl::QUERY_STATISTICS,
            &[],
            control::STATISTICS,
        );
        let Some(number) = request::prepare(&ask) else {
            return;
        };
        if !status::is_success(request::send(number)) {
            return;
        }
        let Some(statistics) = answer(number) else {
            return;
        };
        let seen = Seen::count();
        let agrees = statistics.completed.get() == seen.completed
            && statistics.canceled.get() + statistics.flushed.get() == seen.canceled
            && statistics.handles.get() == 1;
        if !statistics.balances() || statistics.pending.get() != 0 || !agrees {
            finding::raise(
                &rule::account::WRONG_TOTAL,
                format!("at rest, with one handle open: {statistics:?}, but {seen:?}"),
            );
        }
    }
}

/// With all actors at rest, a device that is gone keeps no requests.
fn check_nothing_left() {
    let left = world::with(|world| {
        let left = world
            .irps
            .iter()
            .find(|(_, irp)| irp.dispatched && !irp.completed);
        left.map(|(number, _)| world.irp_name(number))
    });
    if let Some(name) = left {
        finding::raise(
            &rule::plug_and_play::LEFT_AFTER_REMOVAL,
            format!("{name} is still with the driver, although its device is gone"),
        );
    }
}

/// How the requests that the driver kept have ended, as the I/O manager saw it.
#[derive(Debug)]
struct Seen {
    completed: u64,
    canceled: u64,
}

impl Seen {
    fn count() -> Self {
        let mut seen = Self {
            completed: 0,
            canceled: 0,
        };
        world::with(|world| {
            let irps = world.irps.iter();
            for (_, irp) in irps.filter(|(_, irp)| irp.completed && irp.marked_pending) {
                match irp.status {
                    status::CANCELLED => seen.canceled += 1,
                    _ => seen.completed += 1,
                }
            }
        });
        seen
    }
}

/// DriverEntry, and for a Plug and Play driver AddDevice and start.
pub fn start_driver() -> Option<Device> {
    let status = loader::load();
    if !status::is_success(status) {
        let shown = status::name(status);
        finding::raise(
            &rule::plug_and_play::ADD_DEVICE_FAILED,
            format!("DriverEntry returned {shown}"),
        );
    }
    plug_and_play::is_supported().then(|| {
        let device = Device::add();
        device.start();
        device
    })
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

/// The statistics that a request came back with.
pub fn answer(request: usize) -> Option<wire::Statistics> {
    let output = world::with(|world| world.irps.get(request).map(|irp| irp.output.clone()))?;
    let (statistics, _) = wire::Statistics::read_from_prefix(&output).ok()?;
    Some(statistics)
}

fn open() -> usize {
    match file::open() {
        Ok(number) => number,
        Err(status) => finding::raise(
            &rule::plug_and_play::OPEN_FAILED,
            format!("a handle could not be opened: {}", status::name(status)),
        ),
    }
}

/// The requests of the protocol.
pub mod control {
    use csq_protocol::{VERSION, ioctl, wire};
    use zerocopy::IntoBytes;

    use crate::manager::request::Control;

    /// What a request may be answered with.
    const PAYLOAD: &[u8] = b"answer";
    /// Length of [`wire::Completed`].
    pub const COMPLETED: usize = size_of::<wire::Completed>();
    /// Length of [`wire::Canceled`].
    pub const CANCELED: usize = size_of::<wire::Canceled>();
    /// Length of [`wire::Statistics`].
    pub const STATISTICS: usize = size_of::<wire::Statistics>();

    /// Any request.
    pub fn ask<'a>(
        name: &'static str,
        file: usize,
        code: u32,
        input: &'a [u8],
        output_length: usize,
    ) -> Control<'a> {
        Control {
            name,
            file,
            code,
            input,
            output_length,
        }
    }

    /// A request that stays.
    pub fn pend<'a>(name: &'static str, file: usize, input: &'a [u8]) -> Control<'a> {
        ask(name, file, ioctl::PEND, input, PAYLOAD.len())
    }

    /// The input of a request that stays.
    pub fn input(tag: u64) -> Vec<u8> {
        let pend = wire::Pend {
            version: VERSION.into(),
            tag: tag.into(),
            ..wire::Pend::default()
        };
        pend.as_bytes().to_vec()
    }

    /// The input of `COMPLETE_NEXT`.
    pub fn complete_next() -> Vec<u8> {
        let head = wire::CompleteNext {
            version: VERSION.into(),
            payload_length: (PAYLOAD.len() as u32).into(),
        };
        [head.as_bytes(), PAYLOAD].concat()
    }

    /// The input of CANCEL for all requests of a handle.
    pub fn cancel_all() -> Vec<u8> {
        let cancel = wire::Cancel {
            version: VERSION.into(),
            scope: wire::scope::ALL.into(),
            tag: 0.into(),
        };
        cancel.as_bytes().to_vec()
    }
}
