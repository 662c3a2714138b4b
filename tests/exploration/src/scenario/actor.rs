//! What a thread of a scenario does.

use std::borrow::Cow;

use csq_protocol::wire::{self, scope};

use super::control;
use super::rest;
use super::session;
use super::stage::{Stage, TAG};
use super::states;
use crate::rule::account;
use ntsim::finding;
use ntsim::guest;
use ntsim::manager::{dispatch, file, plug_and_play, request};
use ntsim::nt::{irp, stack_location, status};
use ntsim::rule::plug_and_play::OPEN_FAILED;
use ntsim::schedule;
use ntsim::suspend;
use ntsim::world;
use ntsim::world::step::{Effect, Span, Touches, kernel};

macro_rules! actors {
    ($($(#[$doc:meta])* $actor:ident = $name:literal,)*) => {
        /// One thing to do. Requests A and B, and the handles they belong to, are the stage's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Actor {
            $($(#[$doc])* $actor,)*
        }

        impl Actor {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$actor),*];

            /// The name in scenario names.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$actor => $name,)*
                }
            }
        }
    };
}

actors! {
    /// Sends request A.
    Pend = "pend",
    /// Cancels request A, as CancelIoEx does: before it is inserted (INV-18), at any point inside
    /// (INV-19), which nobody is told (TR-12), and later.
    Cancel = "cancel",
    /// Completes the oldest request.
    CompleteNext = "complete-next",
    /// Asks the driver to end the requests of A's handle.
    CancelOwn = "cancel-own",
    /// Closes A's handle.
    Cleanup = "cleanup",
    /// Asks for the statistics, which must balance.
    Statistics = "statistics",
    /// Sends a request and ends: the I/O manager cancels it and waits for it.
    ThreadExit = "thread-exit",
    /// Pulls the device out.
    SurpriseRemoval = "surprise-removal",
    /// Asks whether the device may be removed, and takes it back.
    QueryRemove = "query-remove",
    /// Removes the device, with handles open.
    Remove = "remove",
    /// Stops the device and starts it again.
    Rebalance = "rebalance",
    /// Goes through the states of Plug and Play, and tries in each what the driver takes.
    States = "states",
    /// Lets sessions ask for events of this and that kind, and looks at what is written.
    Session = "session",
    /// Puts the device to sleep, and wakes it up.
    Power = "power",
    /// Nothing by itself: the requests of A's handle end by themselves after a time.
    Timeout = "timeout",
    /// Sends another request of A's handle.
    PendAgain = "pend-again",
    /// Claims the oldest request.
    Claim = "claim",
    /// Claims the oldest request, or waits for one.
    ClaimWait = "claim-wait",
    /// Claims the oldest request and answers it.
    Serve = "serve",
    /// Answers request A, which is claimed.
    Complete = "complete",
    /// Asks the driver to end request A by its id.
    CancelId = "cancel-id",
    /// Asks the driver to end request A by its tag.
    CancelTag = "cancel-tag",
    /// Cancels the claim that waits, as CancelIoEx does.
    CancelClaim = "cancel-claim",
    /// Closes the server's handle.
    ServerCleanup = "server-cleanup",
    /// Closes the server's handle, and lets the I/O manager go on to `IRP_MJ_CLOSE`.
    ServerClose = "server-close",
    /// Claims the oldest request or waits for one, by a third handle.
    ClaimElsewhere = "claim-elsewhere",
    /// Sends and cancels requests of a third handle, so that what the driver keeps for them is used
    /// again in another order.
    Churn = "churn",
    /// Answers and cancels request A, by a handle that has nothing to do with it.
    Stranger = "stranger",
    /// Adds a second device, uses it and removes it.
    Neighbor = "neighbor",
    /// Sends a request that belongs to no handle.
    NoHandle = "no-handle",
    /// Suspends the thread of the first actor, wherever it may be suspended, until nothing else happens.
    Suspend = "suspend",
}

impl std::str::FromStr for Actor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|actor| actor.name() == text);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|actor| actor.name()).collect();
            format!("there is no actor {text:?}; there are {}", names.join(", "))
        })
    }
}

impl Actor {
    /// Those of which all pairs and triples are run.
    pub const BASIC: [Self; 10] = [
        Self::Pend,
        Self::Cancel,
        Self::CompleteNext,
        Self::CancelOwn,
        Self::Cleanup,
        Self::Statistics,
        Self::ThreadExit,
        Self::SurpriseRemoval,
        Self::QueryRemove,
        Self::Remove,
    ];

    /// Whether the I/O manager, or another driver, may do this at `DISPATCH_LEVEL`.
    #[must_use]
    pub const fn may_dispatch_level(self) -> bool {
        !self.needs_plug_and_play()
            && !matches!(
                self,
                Self::Cleanup
                    | Self::ServerCleanup
                    | Self::ServerClose
                    | Self::ThreadExit
                    | Self::Suspend
            )
    }

    /// Whether the Plug and Play manager does this.
    #[must_use]
    pub const fn needs_plug_and_play(self) -> bool {
        matches!(
            self,
            Self::SurpriseRemoval
                | Self::QueryRemove
                | Self::Remove
                | Self::Rebalance
                | Self::States
                | Self::Session
                | Self::Power
                | Self::Neighbor
        )
    }

    /// Whether it is a program's thread that sends requests and can be suspended. What the I/O manager does by
    /// itself, it does where it cannot be.
    #[must_use]
    pub const fn may_be_suspended(self) -> bool {
        matches!(
            self,
            Self::Pend
                | Self::CompleteNext
                | Self::CancelOwn
                | Self::CancelId
                | Self::CancelTag
                | Self::Statistics
                | Self::PendAgain
                | Self::Claim
                | Self::ClaimWait
                | Self::Serve
                | Self::Complete
                | Self::ClaimElsewhere
        )
    }

    /// Does it.
    pub(super) fn act(self, stage: Stage) {
        match self {
            Self::Pend => {
                request::send(stage.request);
            }
            Self::Cancel => cancel(stage.request),
            Self::CompleteNext => {
                request::send(control::complete_next(stage.server));
            }
            Self::CancelOwn => cancel_own(stage, scope::ALL, 0),
            Self::CancelId => cancel_own(stage, scope::ID, stage.id),
            Self::CancelTag => cancel_own(stage, scope::TAG, TAG),
            Self::Cleanup => file::close_handle(stage.client),
            Self::ServerCleanup => file::close_handle(stage.server),
            Self::ServerClose => file::finish(stage.server),
            Self::Statistics => {
                rest::statistics(stage.witness);
            }
            Self::ThreadExit => {
                request::send(control::pend("thread's request", stage.witness, TAG + 2, 0));
                request::end_thread();
            }
            Self::SurpriseRemoval => stage.device().surprise_remove(),
            Self::QueryRemove => stage.device().query_and_cancel_remove(),
            Self::Remove => stage.device().query_and_remove(),
            Self::Rebalance => {
                stage.device().rebalance();
            }
            Self::States => states::walk(stage),
            Self::Session => session::record(stage),
            Self::Power => stage.device().sleep_and_wake(),
            Self::Timeout => {}
            Self::PendAgain => {
                let again = control::pend("another request", stage.client, TAG + 3, stage.timeout);
                request::send(again);
            }
            Self::Claim => {
                request::send(control::claim("claim", stage.server, false));
            }
            Self::ClaimWait => {
                request::send(stage.next_claim);
            }
            Self::Serve => serve(stage),
            Self::Complete => {
                request::send(control::complete(stage.server, stage.id));
            }
            Self::CancelClaim => cancel(stage.claim),
            Self::ClaimElsewhere => {
                request::send(control::claim("claim elsewhere", stage.witness, true));
            }
            Self::Churn => churn(stage),
            Self::Neighbor => neighbor(stage),
            Self::NoHandle => without_handle(stage),
            Self::Stranger => meddle(stage),
            Self::Suspend => suspend::first_actor(),
        }
    }
}

/// `CancelIoEx`: what it is for ends, whatever else happens.
fn cancel(number: usize) {
    request::cancel(number);
    world::with(|world| world.doomed.push((number, world.current)));
}

/// Asks the driver to end requests of A's handle: those that match and that it has already.
fn cancel_own(stage: Stage, scope: u32, target: u64) {
    let address = world::with(|world| world.irps.get(stage.request).map_or(0, |irp| irp.address));
    let pended = Touches::read(kernel::returned(stage.request), 1);
    schedule::step("", 0, pended.and(Span::new(address, 1), Effect::Read));
    world::with(|world| {
        if let Some(file) = world.files.get_mut(stage.client) {
            file.cancel_asked = true;
        }
        let is_pended = |number: &usize| {
            let irp = world.irps.get(*number);
            irp.is_some_and(|irp| irp.dispatch_status == Some(status::PENDING) && !irp.completed)
        };
        if is_pended(&stage.request) {
            world.doomed.push((stage.request, world.current));
        }
    });
    let cancel = control::cancel(stage.client, scope, target);
    if request::send(cancel) != status::SUCCESS {
        return;
    }
    let canceled: Option<wire::Canceled> = control::answer(cancel);
    if let Some(canceled) = canceled {
        world::with(|world| {
            *world.notes.entry(rest::CANCELED).or_default() += canceled.count.get();
        });
    }
}

/// Takes the two places that others have left, gives the first back, and takes one again.
fn churn(stage: Stage) {
    let send = |name| {
        let number = control::pend(name, stage.witness, TAG + 2, 0);
        request::send(number);
        number
    };
    let first = send("first");
    send("second");
    cancel(first);
    send("third");
}

/// Adds a second device, has a request with it, and removes it. A handle of the first is none to it.
fn neighbor(stage: Stage) {
    let first = world::with(|world| world.devices.function.take());
    let device = plug_and_play::add_and_start();
    let handle = file::open();
    let flags = world::with(|world| {
        world.devices.function = first;
        (world.devices.going_away, world.devices.gone)
    });
    let Ok(handle) = handle else {
        finding::raise(&OPEN_FAILED, "a second device cannot be opened".into());
    };
    let returned = request::send(control::pend("neighbor's request", handle, TAG, 0));
    let alone =
        |it: &wire::Statistics| (it.pended.get(), it.pending.get(), it.handles.get()) == (1, 1, 1);
    let statistics = rest::statistics(handle);
    if returned != status::PENDING || !statistics.as_ref().is_some_and(alone) {
        finding::raise(
            &account::SHARED,
            format!("a new device with one request says {statistics:?}"),
        );
    }
    intrude(stage, device.top());
    if !rest::statistics(handle).as_ref().is_some_and(alone) {
        finding::raise(
            &account::SHARED,
            "a handle of the first device has changed the second".into(),
        );
    }
    file::finish(handle);
    device.remove();
    world::with(|world| (world.devices.going_away, world.devices.gone) = flags);
}

/// Sends requests to the second device, as another driver may, that come through a handle of the first.
fn intrude(stage: Stage, device: usize) {
    for number in each_for_a_handle(stage, "a stranger's request") {
        if let Some(shown) = answer_to(device, number) {
            finding::raise(
                &account::SHARED,
                format!("a handle of the first device was answered {shown} by the second"),
            );
        }
    }
}

/// A request of each kind for which it matters by which handle it comes: the witness's.
fn each_for_a_handle(stage: Stage, name: &'static str) -> [usize; 5] {
    let handle = stage.witness;
    [
        control::pend(name, handle, TAG, 0),
        control::claim(name, handle, false),
        control::claim(name, handle, true),
        control::complete(handle, stage.id),
        control::cancel(handle, scope::ALL, 0),
    ]
}

/// Sends a request that must be refused. Returns with what it was answered otherwise.
fn answer_to(device: usize, number: usize) -> Option<Cow<'static, str>> {
    let returned = dispatch::send(device, number);
    (!status::is_error(returned)).then(|| status::name(returned))
}

/// Sends requests as another driver may: without a file object.
fn without_handle(stage: Stage) {
    for number in each_for_a_handle(stage, "request without a handle") {
        send_without_handle(stage, number);
    }
}

fn send_without_handle(stage: Stage, number: usize) {
    let found = world::with(|world| {
        let device = world.files.get(stage.witness)?.device;
        let irp = world.irps.get_mut(number)?;
        irp.file = None;
        Some((device, irp.address, irp.top_location))
    });
    let Some((device, address, location)) = found else {
        return;
    };
    guest::write(address + irp::ORIGINAL_FILE_OBJECT, 0usize);
    guest::write(location + stack_location::FILE, 0usize);
    if let Some(shown) = answer_to(device, number) {
        finding::raise(
            &account::WITHOUT_HANDLE,
            format!("a request without a file object was answered with {shown}"),
        );
    }
}

/// Tries what only the handles may do that have request A.
fn meddle(stage: Stage) {
    let attempts = [
        control::complete(stage.witness, stage.id),
        control::cancel(stage.witness, scope::ID, stage.id),
    ];
    for attempt in attempts {
        if request::send(attempt) == status::SUCCESS {
            let name = world::with(|world| world.irp_name(attempt));
            finding::raise(
                &account::STRANGER,
                format!("{name} of another handle has ended request A"),
            );
        }
    }
}

/// Claims a request and answers it, if there is one.
fn serve(stage: Stage) {
    let claim = control::claim("claim", stage.server, false);
    if request::send(claim) != status::SUCCESS {
        return;
    }
    let claimed: Option<wire::Claimed> = control::answer(claim);
    if let Some(claimed) = claimed {
        request::send(control::complete(stage.server, claimed.id.get()));
    }
}
