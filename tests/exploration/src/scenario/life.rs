//! The whole life of a driver, one thing after the other, while something fails.
//!
//! Each step that fails for that reason must end with the status that belongs to it, and is tried again
//! until it succeeds. So each run goes through everything, and the rules about what is left at unload hold
//! for what was left by failures, too.

use std::cell::Cell;

use csq_protocol::wire;

use super::stage::{TAG, TIMEOUT};
use super::{control, rest};
use crate::rule::failure;
use ntsim::Value;
use ntsim::fault::{Effect, Phase, Point};
use ntsim::finding;
use ntsim::manager::plug_and_play::Device;
use ntsim::manager::{file, loader, request};
use ntsim::nt::{pnp, status};
use ntsim::world::{self, Passing};

/// `IRP_MN_QUERY_CAPABILITIES`, for all that a driver may leave alone.
const QUERY_CAPABILITIES: u8 = 0x09;
/// More than there are faults in a plan.
const MOST_TRIES: usize = 8;

/// Does something that may fail, and returns its status and what has failed meanwhile.
fn during(phase: Phase, work: impl FnOnce() -> u32) -> (u32, Vec<Point>) {
    let outer = world::with(|world| {
        world.faults.failed.clear();
        std::mem::replace(&mut world.faults.phase, phase)
    });
    let status = work();
    let failed = world::with(|world| {
        world.faults.phase = outer;
        std::mem::take(&mut world.faults.failed)
    });
    (status, failed)
}

/// Does something that nothing may keep from succeeding.
fn must(phase: Phase, name: &str, work: impl FnOnce() -> u32) {
    let (status, failed) = during(phase, work);
    if status != status::SUCCESS {
        wrong(name, &failed, status::SUCCESS, status);
    }
}

fn wrong(name: &str, failed: &[Point], expected: u32, found: u32) -> ! {
    let names: Vec<&str> = failed.iter().map(|point| point.name()).collect();
    finding::raise(
        if failed.is_empty() {
            &failure::NOT_AGAIN
        } else {
            &failure::IGNORED
        },
        format!(
            "{name} ended with {}; expected was {}, failed: {}",
            status::name(found),
            status::name(expected),
            if names.is_empty() {
                "nothing this time".to_owned()
            } else {
                names.join(", ")
            }
        ),
    )
}

/// Tries a step until it succeeds, that is, ends with `expected`. After each attempt that fails, `recover` undoes what
/// it left.
fn step(
    phase: Phase,
    name: &str,
    expected: u32,
    mut work: impl FnMut() -> u32,
    mut recover: impl FnMut(),
) {
    for _ in 0..MOST_TRIES {
        let (status, failed) = during(phase, &mut work);
        let ends = failed.iter().find_map(|point| match point.effect(phase) {
            Effect::Ends(status) => Some(status),
            Effect::None | Effect::Unreal => None,
        });
        match ends {
            None if status == expected => return,
            Some(due) if status == due => recover(),
            due => wrong(name, &failed, due.unwrap_or(expected), status),
        }
    }
    wrong(name, &[], expected, status::UNSUCCESSFUL);
}

/// A device with its handles.
struct Life {
    device: Device,
    client: usize,
    server: usize,
}

/// From DriverEntry to unload.
pub fn play() {
    world::with(|world| {
        world.passing = Passing::WhenIdle;
        world.devices.asked_at_once = true;
        // Enough, and little for the driver to set up.
        world.parameters = vec![("DeviceLimit", Value::Number(8))];
    });
    step(
        Phase::Load,
        "DriverEntry",
        status::SUCCESS,
        loader::load,
        || {},
    );
    let mut life = Life::begin();
    life.serve();
    life.stop_and_start();
    life.ask_to_remove();
    life.pass_on();
    life.serve();
    let pending = pend(life.client, TIMEOUT);
    life.pull_out(pending);
    must(Phase::Must, "DriverUnload", || {
        loader::unload();
        status::SUCCESS
    });
}

/// AddDevice, until it succeeds.
fn add() -> Device {
    let mut device = None;
    let work = || match Device::try_add() {
        Ok(added) => {
            device = Some(added);
            status::SUCCESS
        }
        Err(status) => status,
    };
    step(Phase::Add, "AddDevice", status::SUCCESS, work, || {});
    device.expect("the step comes to its end with a device")
}

/// AddDevice and start. A device that does not start is removed, and added again.
fn bring_up() -> Device {
    let device = Cell::new(add());
    step(
        Phase::Start,
        "start",
        status::SUCCESS,
        || device.get().request(pnp::START_DEVICE),
        || {
            remove(device.get());
            device.set(add());
        },
    );
    device.get()
}

fn remove(device: Device) {
    must(Phase::Must, "remove", || {
        device.remove();
        status::SUCCESS
    });
    // The next one is another.
    world::with(|world| (world.devices.going_away, world.devices.gone) = (false, false));
}

fn open() -> usize {
    let mut handle = 0;
    step(
        Phase::Open,
        "create",
        status::SUCCESS,
        || match file::open() {
            Ok(number) => {
                handle = number;
                status::SUCCESS
            }
            Err(status) => status,
        },
        || {},
    );
    handle
}

fn close(handle: usize) {
    must(Phase::Close, "close", || {
        file::finish(handle);
        status::SUCCESS
    });
}

/// Sends a request until it is taken, and returns the one that was.
fn control(name: &str, expected: u32, make: impl Fn() -> usize) -> usize {
    let mut number = 0;
    step(
        Phase::Control,
        name,
        expected,
        || {
            number = make();
            request::send(number)
        },
        || {},
    );
    number
}

fn pend(handle: usize, timeout: u32) -> usize {
    control("PEND", status::PENDING, || {
        control::pend("request", handle, TAG, timeout)
    })
}

/// `CancelIoEx`.
fn cancel(number: usize) {
    must(Phase::End, "CancelIoEx", || {
        request::cancel(number);
        status::SUCCESS
    });
}

/// A request ends like this, if it has not ended already, whatever fails meanwhile.
fn ended(name: &str, number: usize, expected: u32) {
    let (status, failed) = during(Phase::End, || file::wait(number));
    if status != expected {
        wrong(name, &failed, expected, status);
    }
}

impl Life {
    fn begin() -> Self {
        let device = bring_up();
        let life = Self {
            device,
            client: open(),
            server: open(),
        };
        rest::check(life.client);
        life
    }

    /// Everything that programs ask for, and every end of a request.
    fn serve(&mut self) {
        let (client, server) = (self.client, self.server);
        control("QUERY_VERSION", status::SUCCESS, || {
            control::version(client)
        });
        control("COMPLETE_NEXT", status::NOT_FOUND, || {
            control::complete_next(server)
        });
        let claimed = pend(client, 0);
        let next = pend(client, TIMEOUT);
        let claim = control("CLAIM", status::SUCCESS, || {
            control::claim("claim", server, false)
        });
        let id = control::answer(claim).map_or(0, |claimed: wire::Claimed| claimed.id.get());
        control("QUERY_STATISTICS", status::SUCCESS, || {
            control::statistics(client)
        });
        control("COMPLETE", status::SUCCESS, || {
            control::complete(server, id)
        });
        ended("a claimed request", claimed, status::SUCCESS);
        control("COMPLETE_NEXT", status::SUCCESS, || {
            control::complete_next(server)
        });
        ended("the oldest request", next, status::SUCCESS);

        let own = pend(client, 0);
        world::with(|world| {
            if let Some(file) = world.files.get_mut(client) {
                file.cancel_asked = true;
            }
        });
        control("CANCEL", status::SUCCESS, || {
            control::cancel(client, wire::scope::TAG, TAG)
        });
        ended("a request of CANCEL", own, status::CANCELLED);
        let canceled = pend(client, TIMEOUT);
        cancel(canceled);
        ended("a canceled request", canceled, status::CANCELLED);
        let late = pend(client, TIMEOUT);
        ended("a request with a timeout", late, status::IO_TIMEOUT);

        // A claim that waits gets the request, and its handle's end gives it back.
        let waits = control("CLAIM", status::PENDING, || {
            control::claim("waiting claim", server, true)
        });
        let returned = pend(client, 0);
        ended("a claim that waited", waits, status::SUCCESS);
        close(server);
        self.server = open();
        control("COMPLETE_NEXT", status::SUCCESS, || {
            control::complete_next(self.server)
        });
        ended("a request that came back", returned, status::SUCCESS);

        let flushed = pend(client, TIMEOUT);
        close(client);
        ended("a request of a closed handle", flushed, status::CANCELLED);
        self.client = open();
        rest::check(self.client);
    }

    /// What the driver may refuse, and what is due if it does.
    fn ask(&self, name: &str, minor: u8, back: u8) {
        let device = self.device;
        step(
            Phase::Query,
            name,
            status::SUCCESS,
            || device.request(minor),
            || must(Phase::Resume, "cancel", || device.request(back)),
        );
    }

    /// As when resources are rebalanced. A device that does not start again is pulled out.
    fn stop_and_start(&mut self) {
        let kept = pend(self.client, 0);
        self.ask(
            "query stop",
            pnp::QUERY_STOP_DEVICE,
            pnp::CANCEL_STOP_DEVICE,
        );
        must(Phase::Must, "stop", || {
            self.device.request(pnp::STOP_DEVICE)
        });
        let (status, failed) = during(Phase::Start, || self.device.request(pnp::START_DEVICE));
        let ends = failed
            .iter()
            .any(|point| matches!(point.effect(Phase::Start), Effect::Ends(_)));
        match (status, ends) {
            (status::SUCCESS, false) => {
                cancel(kept);
                ended(
                    "a request that has waited for the start",
                    kept,
                    status::CANCELLED,
                );
            }
            (status, true) if !status::is_success(status) => {
                self.pull_out(kept);
                *self = Self::begin();
            }
            _ => wrong("start", &failed, status::SUCCESS, status),
        }
    }

    fn ask_to_remove(&self) {
        self.ask(
            "query remove",
            pnp::QUERY_REMOVE_DEVICE,
            pnp::CANCEL_REMOVE_DEVICE,
        );
        must(Phase::Resume, "cancel remove", || {
            self.device.request(pnp::CANCEL_REMOVE_DEVICE)
        });
    }

    /// What is the business of the drivers below.
    fn pass_on(&self) {
        let device = self.device;
        let step = |name, expected, work: &dyn Fn() -> u32| {
            step(Phase::Pass, name, expected, work, || {});
        };
        step("set power", status::SUCCESS, &|| device.power());
        step("system control", status::NOT_SUPPORTED, &|| {
            device.system_control()
        });
        step("query capabilities", status::NOT_SUPPORTED, &|| {
            device.request(QUERY_CAPABILITIES)
        });
    }

    /// Surprise removal with a request pending, and removal when the handles are closed.
    fn pull_out(&self, pending: usize) {
        must(Phase::Must, "surprise removal", || {
            self.device.surprise_remove();
            status::SUCCESS
        });
        ended(
            "a request of a device that is gone",
            pending,
            status::DEVICE_REMOVED,
        );
        close(self.client);
        close(self.server);
        remove(self.device);
    }
}
