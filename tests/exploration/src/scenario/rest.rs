//! What has to be true when nothing happens any more.

use csq_protocol::{ioctl, wire};

use super::control;
use crate::rule::account;
use ntsim::Value;
use ntsim::finding;
use ntsim::manager::request;
use ntsim::nt::status;
use ntsim::rule::{plug_and_play, progress};
use ntsim::stage::at_rest;
use ntsim::world::{self, World};

/// The note of how many requests the driver has said it canceled because their handle asked for it.
pub const CANCELED: &str = "canceled because its handle asked";

/// Compares the driver's account with what the I/O manager saw.
pub fn check(witness: usize) {
    at_rest(|| {
        check_ended();
        check_account(witness);
    });
}

/// What was canceled has ended.
fn check_ended() {
    let left = world::with(|world| {
        let is_left = |number: &usize| {
            let irp = world.irps.get(*number);
            irp.is_some_and(|irp| irp.dispatched && !irp.completed)
        };
        let number = world.doomed.iter().map(|(number, _)| *number).find(is_left);
        number.map(|number| world.irp_name(number))
    });
    if let Some(name) = left {
        finding::raise(
            &progress::NOT_CANCELED,
            format!("{name} was canceled and is still with the driver"),
        );
    }
}

/// A device that is gone keeps no requests.
pub fn check_gone() {
    at_rest(check_nothing_left);
}

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
            &plug_and_play::LEFT_AFTER_REMOVAL,
            format!("{name} is still with the driver, although its device is gone"),
        );
    }
}

/// Asks for the statistics, which must balance.
pub fn statistics(witness: usize) -> Option<wire::Statistics> {
    let number = control::statistics(witness);
    if !status::is_success(request::send(number)) {
        return None;
    }
    let statistics: Option<wire::Statistics> = control::answer(number);
    let Some(statistics) = statistics else {
        finding::raise(
            &account::WRONG_TOTAL,
            "the statistics are shorter than the protocol says".into(),
        );
    };
    if !statistics.balances() {
        finding::raise(&account::UNBALANCED, format!("{statistics:?}"));
    }
    Some(statistics)
}

fn check_account(witness: usize) {
    let Some(statistics) = statistics(witness) else {
        finding::raise(
            &account::WRONG_TOTAL,
            "the statistics cannot be read, although the device is there".into(),
        );
    };
    let seen = Seen::count(witness);
    let told = Seen {
        with_driver: statistics.pending.get() + statistics.claimed.get(),
        completed: statistics.completed.get(),
        canceled: statistics.canceled.get() + statistics.flushed.get(),
        timed_out: statistics.timed_out.get(),
        refused: statistics.refused.get(),
        waiting: statistics.waiting.get(),
        handles: statistics.handles.get(),
    };
    if told != seen {
        finding::raise(
            &account::WRONG_TOTAL,
            format!("at rest the driver says {told:?}, but there are {seen:?}"),
        );
    }
    if statistics.pending.get() != 0 && statistics.waiting.get() != 0 {
        finding::raise(
            &account::NOT_DELIVERED,
            format!(
                "at rest {} request(s) are pending and {} claim(s) wait",
                statistics.pending.get(),
                statistics.waiting.get()
            ),
        );
    }
    if statistics.claimed.get() != 0 && !world::with(has_server) {
        finding::raise(
            &account::CLAIM_LOST,
            format!("no handle that has claimed anything is open: {statistics:?}"),
        );
    }
    if limit("DeviceLimit").is_some_and(|limit| statistics.high_water.get() > limit) {
        finding::raise(
            &account::LIMIT_EXCEEDED,
            format!("{statistics:?}, with another limit of the device"),
        );
    }
    let most = world::with(|world| most_of_one_handle(world));
    if limit("HandleLimit").is_some_and(|limit| most > limit) {
        finding::raise(
            &account::LIMIT_EXCEEDED,
            format!("{most} requests and claims are of one handle, which has another limit"),
        );
    }
    check_canceled();
}

/// A limit that the driver was given for this run.
fn limit(name: &str) -> Option<u64> {
    world::with(|world| match world.parameter(name) {
        Some(Value::Number(limit)) => Some(u64::from(*limit)),
        _ => None,
    })
}

/// Whether a handle is open that has claimed a request.
fn has_server(world: &mut World) -> bool {
    world.irps.iter().any(|(_, irp)| {
        let claimed =
            irp.control_code == ioctl::CLAIM && irp.completed && irp.status == status::SUCCESS;
        let file = irp.file.and_then(|file| world.files.get(file));
        claimed && file.is_some_and(|file| !file.cleaned_up)
    })
}

/// How many requests and claims are with the driver of the handle that has the most.
fn most_of_one_handle(world: &World) -> u64 {
    let mut counts = vec![0; world.files.len()];
    for (_, irp) in world.irps.iter().filter(|(_, irp)| irp.dispatched) {
        let kept = !irp.completed && matches!(irp.control_code, ioctl::PEND | ioctl::CLAIM);
        if let Some(count) = irp.file.and_then(|file| counts.get_mut(file)) {
            *count += u64::from(kept);
        }
    }
    counts.into_iter().max().unwrap_or_default()
}

/// What the driver says it canceled has ended as canceled.
fn check_canceled() {
    let (told, seen) = world::with(|world| {
        let canceled = world.irps.iter().filter(|(_, irp)| {
            irp.control_code == ioctl::PEND && irp.completed && irp.status == status::CANCELLED
        });
        (
            world.notes.get(CANCELED).copied().unwrap_or(0),
            canceled.count() as u64,
        )
    });
    if told > seen {
        finding::raise(
            &account::MISCOUNTED,
            format!("CANCEL has ended {told} request(s), but {seen} came back canceled"),
        );
    }
}

/// How many requests are where, as the I/O manager saw it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    with_driver: u64,
    completed: u64,
    canceled: u64,
    timed_out: u64,
    refused: u64,
    waiting: u64,
    handles: u64,
}

impl Seen {
    /// With the device of the handle `witness`.
    fn count(witness: usize) -> Self {
        let mut seen = Self::default();
        world::with(|world| {
            let device_of = |file: usize| world.files.get(file).map(|file| file.device);
            let device = device_of(witness);
            let is_there = |file: Option<usize>| file.and_then(device_of) == device;
            for (_, irp) in world
                .irps
                .iter()
                .filter(|(_, irp)| irp.dispatched && is_there(irp.file))
            {
                let is_pend = irp.control_code == ioctl::PEND;
                if !is_pend && irp.control_code != ioctl::CLAIM {
                    continue;
                }
                let count = match (irp.completed, is_pend, irp.status) {
                    (false, true, _) => &mut seen.with_driver,
                    (false, false, _) => &mut seen.waiting,
                    (true, _, status::QUOTA_EXCEEDED) => &mut seen.refused,
                    // A claim, or a request that was never taken.
                    (true, false, _) => continue,
                    (true, true, _) if !irp.marked_pending => continue,
                    (true, true, status::SUCCESS | status::BUFFER_OVERFLOW) => &mut seen.completed,
                    (true, true, status::IO_TIMEOUT) => &mut seen.timed_out,
                    (true, true, _) => &mut seen.canceled,
                };
                *count += 1;
            }
            let mut open = 0;
            for file in world
                .files
                .iter()
                .filter(|file| Some(file.device) == device)
            {
                open += u64::from(!file.closed);
            }
            seen.handles = open;
        });
        seen
    }
}
