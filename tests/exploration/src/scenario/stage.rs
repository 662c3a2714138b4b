//! Where the actors act: a loaded driver, three handles, two requests.

use csq_protocol::wire;

use super::{Actor, Scenario, Start, control, rest};
use crate::rule;
use ntsim::finding;
use ntsim::machine;
use ntsim::manager::plug_and_play::Device;
use ntsim::manager::{file, request};
use ntsim::nt::status;
use ntsim::stage::{open, start_driver, stop_driver};
use ntsim::world::{self, Bus, Passing, World};

/// The tag of request A.
pub const TAG: u64 = 1;

/// How many requests the driver requeues in one hold of its lock.
pub const HOLD: u32 = 64;

/// After how many milliseconds a request ends by itself, where one does.
pub const TIMEOUT: u32 = 100;

/// Everything is a number or an address of the run, so actors can share it.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Stage {
    device: Option<Device>,
    /// The handle that request A belongs to.
    pub client: usize,
    /// The handle of who serves, to which request B belongs.
    pub server: usize,
    /// A handle that nobody closes.
    pub witness: usize,
    /// Request A.
    pub request: usize,
    /// The driver's id of request A, where it is known.
    pub id: u64,
    /// The claim that waits; if none does yet, that of the actor `ClaimWait`.
    pub claim: usize,
    /// The claim of the actor `ClaimWait`.
    pub next_claim: usize,
    /// How long requests of the client stay.
    pub timeout: u32,
    /// Whether the device takes only one request at once.
    pub limit: bool,
    /// Whether there are many requests, whose tags do not descend in the order of their arrival.
    many: bool,
}

impl Stage {
    /// Loads and starts the driver, opens the handles and makes request A.
    #[must_use]
    pub fn open(scenario: &Scenario) -> Self {
        let has = |actor: Actor| scenario.actors.contains(&actor);
        let mut limits = scenario.limits();
        machine::with(|machine| limits.retain(|(name, _)| !machine.settings.has_parameter(name)));
        world::with(|world| {
            world.parameters = limits;
            world.passing = Passing::WhenIdle;
        });
        let device = start_driver();
        let client = open();
        let server = open();
        if let Some(device) = device {
            device.sleep_and_wake();
        }
        let timeout = if has(Actor::Timeout) { TIMEOUT } else { 0 };
        let next_claim = if has(Actor::ClaimWait) {
            control::claim("claim", server, true)
        } else {
            usize::MAX
        };
        Self {
            device,
            client,
            server,
            witness: open(),
            request: control::pend("request A", client, TAG, timeout),
            id: 0,
            claim: next_claim,
            next_claim,
            timeout,
            limit: scenario.limit,
            many: scenario.start == Start::Many,
        }
    }

    /// Makes it as it is when the actors begin. Request A is sent by the actor `Pend`; without one it is
    /// already with the driver, and so is request B of the server's handle.
    pub fn prepare(&mut self, scenario: &Scenario) {
        let has = |actor: Actor| scenario.actors.contains(&actor);
        if scenario.start == Start::Waiting {
            self.claim = control::claim("waiting claim", self.server, true);
            must(self.claim, status::PENDING);
        }
        if scenario.start == Start::Many {
            for _ in 1..HOLD {
                let before = control::pend("request before A", self.witness, TAG - 1, 0);
                must(before, status::PENDING);
            }
        }
        if !has(Actor::Pend) && scenario.start != Start::Waiting {
            must(self.request, status::PENDING);
            if !scenario.limit {
                // What the server has claimed is not its own.
                let many = scenario.start == Start::Many;
                let owner = if many { self.witness } else { self.server };
                let other = control::pend("request B", owner, TAG + 1, 0);
                must(other, status::PENDING);
            }
        }
        if has(Actor::Churn) {
            self.leave_places();
        }
        match scenario.start {
            Start::Pending | Start::Waiting => {}
            Start::Claimed => self.id = claim(self.server, TAG),
            Start::Many => {
                for _ in 1..HOLD {
                    claim(self.server, TAG - 1);
                }
                self.id = claim(self.server, TAG);
                claim(self.server, TAG + 1);
                let younger = control::pend("request C", self.witness, TAG + 2, 0);
                must(younger, status::PENDING);
            }
            Start::Returned => {
                self.id = claim_and_close();
                // Once more: it is the oldest still.
                let again = claim_and_close();
                if again != self.id {
                    finding::raise(
                        &rule::account::OUT_OF_TURN,
                        format!("request A was {:#x}, and came back as {again:#x}", self.id),
                    );
                }
            }
        }
        world::with(|world| {
            world.passing = Passing::Freely;
            if scenario.slow_bus {
                world.bus = Bus::Slow;
            }
        });
    }

    /// Sends and cancels two requests, so that two places are free that were in use.
    fn leave_places(&self) {
        let requests = ["first before", "second before"]
            .map(|name| control::pend(name, self.witness, TAG + 2, 0));
        for request in requests {
            must(request, status::PENDING);
        }
        for request in requests.into_iter().rev() {
            request::cancel(request);
        }
    }

    /// The Plug and Play device.
    ///
    /// # Panics
    /// If the driver is none for Plug and Play; `explore` has refused such a scenario.
    #[must_use]
    pub fn device(&self) -> Device {
        self.device.expect("a Plug and Play driver")
    }

    /// Closes everything, removes the device and unloads the driver, and looks at what is left.
    pub fn tear_down(self) {
        let handles = [self.client, self.server];
        if world::with(|world| world.devices.gone) {
            rest::check_gone();
        } else {
            // A handle that is closed has no requests any more.
            for handle in handles {
                if world::with(|world| world.files.get(handle).is_some_and(|it| it.handles == 0)) {
                    file::finish(handle);
                }
            }
            rest::check(self.witness);
            if self.many {
                self.check_order();
            }
            self.wait_for_timeouts();
            for handle in handles {
                // A timer that is about to expire keeps its slot.
                let is_idle = || world::with(|world| is_idle(world, handle));
                if self.limit && self.timeout == 0 && is_idle() {
                    check_room(handle);
                }
                file::finish(handle);
                rest::check(self.witness);
            }
            if self.limit {
                let handle = open();
                check_room(handle);
                file::finish(handle);
            }
        }
        for handle in [self.client, self.server, self.witness] {
            file::finish(handle);
        }
        stop_driver(self.device);
    }

    /// What has a timeout ends without anybody's help.
    fn wait_for_timeouts(self) {
        if self.timeout == 0 {
            return;
        }
        let own: Vec<usize> = world::with(|world| {
            let own = world.irps.iter().filter(|(_, irp)| {
                irp.dispatched && !irp.completed && irp.file == Some(self.client)
            });
            own.map(|(number, _)| number).collect()
        });
        for number in own {
            file::wait(number);
        }
    }

    /// What is pending comes in the order in which it arrived (INV-20).
    fn check_order(self) {
        let mut last = 0;
        loop {
            let claim = control::claim("claim at the end", self.witness, false);
            if request::send(claim) != status::SUCCESS {
                break;
            }
            let claimed: Option<wire::Claimed> = control::answer(claim);
            let tag = claimed.map_or(0, |claimed| claimed.tag.get());
            if tag < last {
                finding::raise(
                    &rule::account::OUT_OF_TURN,
                    format!("a request with tag {tag} came after one with tag {last}"),
                );
            }
            last = tag;
        }
    }
}

/// With everything ended, a handle has room for the one request again, and again for the next.
fn check_room(handle: usize) {
    for name in ["request at the end", "the very last request"] {
        let request = control::pend(name, handle, TAG, 0);
        must(request, status::PENDING);
        request::cancel(request);
    }
}

/// Whether a handle is open, and no request is left of any.
fn is_idle(world: &World, handle: usize) -> bool {
    let is_open = world.files.get(handle).is_some_and(|it| it.handles != 0);
    let mut sent = world.irps.iter().filter(|(_, irp)| irp.dispatched);
    is_open && sent.all(|(_, irp)| irp.completed)
}

/// Sends a request that ends with this status, since nothing disturbs it.
fn must(number: usize, expected: u32) {
    let status = request::send(number);
    if status != expected {
        let name = world::with(|world| world.irp_name(number));
        let shown = status::name(status);
        finding::raise(
            &rule::account::REFUSED,
            format!("{name} came back with {shown}"),
        );
    }
}

/// Claims request A by a handle that is closed then, and returns its id.
fn claim_and_close() -> u64 {
    let server = open();
    let id = claim(server, TAG);
    file::finish(server);
    id
}

/// Claims the oldest request, which has this tag, and returns its id.
fn claim(server: usize, tag: u64) -> u64 {
    let number = control::claim("claim", server, false);
    must(number, status::SUCCESS);
    let claimed: Option<wire::Claimed> = control::answer(number);
    match claimed {
        Some(claimed) if claimed.tag.get() == tag => claimed.id.get(),
        other => finding::raise(
            &rule::account::OUT_OF_TURN,
            format!("the oldest request had tag {tag}, but claimed was {other:?}"),
        ),
    }
}
