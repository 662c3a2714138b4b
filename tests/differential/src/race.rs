//! Two threads at once, each with a handle of its own beside those that they share, in a given order. Which of their answers come is up to that order, so they are
//! not compared with the model; the rules of ntsim and these must hold:
//!
//! * at rest, the account is what the I/O manager saw, and all lists are rings of those lengths;
//! * who claims or completes a request is told an id that no other request has, and its own tag, and a
//!   claim its own payload;
//! * no request is completed by two, and as many are as the account says.

use std::collections::BTreeMap;

use csq_protocol::{ioctl, status, wire};
use model::Operation;
use ntsim::program::{Simulated, queues};
use scenarios::Target;
use scenarios::target::{Answer, OpenError, Rights, Submitted};
use zerocopy::FromBytes;

use crate::case::Race;
use crate::duel::{Asked, Duel, choose};
use crate::machine;

type Handle = <Simulated as Target>::Handle;
type Request = <Simulated as Target>::Request;

/// Runs a race.
///
/// # Errors
/// What does not hold.
pub fn run(race: &Race) -> Result<(), String> {
    let race = race.clone();
    let schedule = race.schedule.clone();
    machine::run(race.kernel, schedule, move |target| {
        let mut duel = Duel::new(target, race.kernel);
        duel.be_plain();
        duel.play(&[
            Operation::Open(model::operation::Access::All),
            Operation::Open(model::operation::Access::All),
        ])?;
        let stays = |it: &&Operation| !matches!(it, Operation::Close(_));
        let before: Vec<Operation> = race.before.iter().filter(stays).cloned().collect();
        duel.play(&before)?;
        let seen = {
            let there = || Side::new(target, &duel, 1).play(&race.there);
            let here = || Side::new(target, &duel, 2).play(&race.here);
            let (there, here) = target.beside(there, here);
            [there, here]
        };
        at_rest(target)?;
        let told: Vec<Told> = seen
            .iter()
            .flat_map(|side| side.told.iter().cloned())
            .collect();
        check_told(&told)?;
        drop(seen);
        at_rest(target)
    })
}

/// What a thread was told of a request.
#[derive(Clone, Debug)]
struct Told {
    id: u64,
    tag: u64,
    payload: Option<Vec<u8>>,
    completed: bool,
}

/// What one thread does.
struct Side<'t> {
    target: &'t Simulated,
    duel: &'t Duel<'t>,
    /// The upper half of the tags of its requests, whose lower half is their number.
    number: u64,
    pended: u64,
    calls: u64,
    requests: Vec<Request>,
    told: Vec<Told>,
    /// A handle of its own, which it may close.
    own: Option<Handle>,
}

impl<'t> Side<'t> {
    fn new(target: &'t Simulated, duel: &'t Duel<'t>, number: u64) -> Self {
        Self {
            target,
            duel,
            number,
            pended: 0,
            calls: 0,
            requests: Vec::new(),
            told: Vec::new(),
            own: target.open(Rights::ALL).ok(),
        }
    }

    fn play(mut self, operations: &[Operation]) -> Self {
        for operation in operations {
            match operation {
                Operation::CancelCall(choice) => {
                    if let Some(request) = choose(&self.requests, *choice) {
                        self.target.cancel(request);
                    }
                }
                Operation::CancelHandle(choice) => {
                    let handles: Vec<_> = self.duel.live().collect();
                    if let Some(handle) = choose(&handles, *choice) {
                        self.target.cancel_handle(handle);
                    }
                }
                Operation::Close(_) => {
                    self.own = None;
                    self.own = self.target.open(Rights::ALL).ok();
                }
                // Only one of the two; a device that is gone cannot be removed again.
                Operation::Remove if self.number == 1 => {
                    let _ = self.target.remove();
                }
                // An answer that the I/O manager cannot tell from another end is not for here.
                Operation::Raw { .. } => {}
                _ => {
                    if let Some(asked) = self.asked(operation) {
                        self.control(&asked);
                    }
                }
            }
        }
        self
    }

    fn asked(&mut self, operation: &Operation) -> Option<Asked> {
        let mut asked = self.duel.call(operation)?;
        match *operation {
            Operation::Pend { payload, .. } => {
                self.pended += 1;
                let tag = self.number << 32 | self.pended;
                asked.input = model::operation::pend(tag, 0, &payload.bytes());
            }
            Operation::Complete { id, payload, .. } => {
                let known = choose(&self.told, id)?;
                asked.input =
                    model::operation::complete(known.id, status::SUCCESS, &payload.bytes());
            }
            _ => {}
        }
        Some(asked)
    }

    fn control(&mut self, asked: &Asked) {
        // Every other call is by its own handle.
        self.calls += 1;
        let own = self.own.as_ref().filter(|_| self.calls.is_multiple_of(2));
        let Some(handle) = own.or_else(|| self.duel.handle(asked.handle)) else {
            return;
        };
        match self.target.submit(handle, asked.call()) {
            Submitted::Pending(request) => self.requests.push(request),
            Submitted::Ended(answer) => self.learn(asked, &answer),
        }
    }

    fn learn(&mut self, asked: &Asked, answer: &Answer) {
        if answer.status != status::SUCCESS {
            return;
        }
        let returned = answer.output.get(..answer.information).unwrap_or_default();
        match asked.code {
            ioctl::CLAIM => {
                if let Ok((claimed, payload)) = wire::Claimed::read_from_prefix(returned) {
                    self.told.push(Told {
                        id: claimed.id.get(),
                        tag: claimed.tag.get(),
                        payload: Some(payload.to_vec()),
                        completed: false,
                    });
                }
            }
            ioctl::COMPLETE_NEXT => {
                if let Ok(completed) = wire::Completed::read_from_bytes(returned) {
                    self.told.push(Told {
                        id: completed.id.get(),
                        tag: completed.tag.get(),
                        payload: None,
                        completed: true,
                    });
                }
            }
            _ => {}
        }
    }
}

/// Each id is of one request, and is completed once.
fn check_told(told: &[Told]) -> Result<(), String> {
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
    target.pass_time(0);
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
