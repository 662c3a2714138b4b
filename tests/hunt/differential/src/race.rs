//! Two threads at once, each with a handle of its own beside those that they share, in a given order.
//! Timers expire at any moment. The rules of ntsim and these must hold:
//!
//! * at rest, the account is what the I/O manager saw, and all lists are rings of those lengths;
//! * who claims or completes a request is told an id that no other request has, and its own tag, and a
//!   claim its own payload;
//! * no request is completed by two;
//! * of an atomic race ([`Race::atomic`]), some order, one thing after the other, explains all answers
//!   by the model: it is linearizable. What the driver does in two steps is two things in that order too:
//!   `order` names them. Nothing is looked for if a `CANCEL` has ended more than one request.

mod order;
mod side;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use behaviors::Target;
use behaviors::target::{OpenError, Submitted};
use csq_protocol::ioctl::Rights;
use csq_protocol::{ioctl, wire};
use exploration::program::{Simulated, queues};
use model::Operation;
use model::operation::Access;
use ntsim::Clock;

use crate::case::Race;
use crate::duel::{Asked, Duel, Request};
use crate::machine;
use order::{Event, History, Said, What};
use side::{Side, Told};

/// Runs a race.
///
/// # Errors
/// What does not hold.
pub fn run(race: &Race) -> Result<(), String> {
    let race = race.clone();
    let schedule = race.schedule.clone();
    machine::run(race.kernel, Clock::Free, schedule, move |target| {
        let mut duel = Duel::new(target, race.kernel);
        duel.be_plain();
        duel.play(&[Operation::Open(Access::All), Operation::Open(Access::All)])?;
        let stays = |it: &&Operation| !matches!(it, Operation::Close(_));
        let before: Vec<Operation> = race.before.iter().filter(stays).cloned().collect();
        duel.play(&before)?;
        contest(target, &race, &mut duel)?;
        at_rest(target)
    })
}

/// The part with two threads.
fn contest(target: &Simulated, race: &Race, duel: &mut Duel<'_>) -> Result<(), String> {
    let own = [0, 1].map(|_| duel.open_own());
    let handles = own.map(|number| number.and_then(|number| Some((number, duel.take(number)?))));
    let [first, second] = handles;
    let duel = &*duel;
    let clock = AtomicU64::new(0);
    let side = |number, own| Side::new(target, duel, &clock, race.atomic, number, own);
    let (there, here) = target.beside(
        || side(1, first).play(&race.there).end(),
        || side(2, second).play(&race.here),
    );
    target.stop_time();
    at_rest(target)?;
    check_told(there.told.iter().chain(&here.told))?;
    if race.atomic && !there.several && !here.several {
        check_order(target, duel, &[there, here])?;
    }
    Ok(())
}

/// Looks for an order.
fn check_order(target: &Simulated, duel: &Duel<'_>, sides: &[Side<'_>; 2]) -> Result<(), String> {
    let [there, here] = sides;
    let own = there.requests.iter().chain(&here.requests);
    let own = own.map(|(call, handle, request)| (*call, *handle, request));
    let all: Vec<_> = duel.outstanding().chain(own).collect();
    let ended = |(call, _, request): &(usize, usize, &Request)| {
        Some((*call, side::shown(target.poll(request)?)))
    };
    let endings = all.iter().filter_map(ended).collect();
    let owners = all.iter().map(|(call, handle, _)| (*call, *handle));
    // What the account says afterwards comes after everything.
    let mut last = Vec::new();
    if let Some((handle, number)) = duel.any() {
        let asked = Asked {
            handle: number,
            code: ioctl::QUERY_STATISTICS,
            input: Vec::new(),
            room: size_of::<wire::Statistics>(),
        };
        if let Submitted::Ended(answer) = target.submit(handle, asked.call()) {
            let what = What::Control(usize::MAX, asked, Said::Ended(answer));
            last.push(Event {
                begin: u64::MAX,
                end: u64::MAX,
                what,
            });
        }
    }
    let here: Vec<Event> = here.events.iter().cloned().chain(last).collect();
    let history = History {
        sides: [&there.events, &here],
        endings,
        owners: owners.collect(),
        lengths: queues::check()?,
    };
    history.explain(duel.model())
}

/// Each id is of one request, and is completed once.
fn check_told<'a>(told: impl Iterator<Item = &'a Told>) -> Result<(), String> {
    let mut requests: BTreeMap<u64, Told> = BTreeMap::new();
    for told in told {
        let Some(known) = requests.get_mut(&told.id) else {
            requests.insert(told.id, told.clone());
            continue;
        };
        let other = matches!((&known.payload, &told.payload), (Some(one), Some(two)) if one != two);
        if known.tag != told.tag || other || known.completed && told.completed {
            return Err(format!("an id was told twice: {known:x?}, and {told:x?}"));
        }
        known.completed |= told.completed;
    }
    Ok(())
}

/// The account and the lists. A device that is gone has neither.
fn at_rest(target: &Simulated) -> Result<(), String> {
    target.stop_time();
    let lengths = queues::check()?;
    match target.open(Rights::ALL) {
        Ok(witness) => target.check_account(&witness),
        Err(OpenError::Absent) if lengths != queues::Lengths::default() => {
            return Err(format!(
                "the device is gone, and its queues have {lengths:?}"
            ));
        }
        Err(_) => {}
    }
    Ok(())
}
