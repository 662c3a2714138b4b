//! Small concurrent programs to explore: a few actors, each a thread with one thing to do.

mod actor;
mod broker;
pub(crate) mod control;
pub(crate) mod life;
pub(crate) mod rest;
mod session;
mod stage;
mod states;
mod trace;

use std::fmt;

pub use actor::Actor;
pub use stage::Stage;

use ntsim::Value;
use ntsim::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use ntsim::repeated;
use ntsim::schedule;
use ntsim::suspend;
use ntsim::world;

/// How it is when the actors begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Requests A and B are pending; if A is pended by an actor, none is.
    #[default]
    Pending,
    /// A is claimed by the server's handle.
    Claimed,
    /// A was claimed by a handle that is closed: it is pending, and its id is known.
    Returned,
    /// A claim of the server's handle waits; nothing is pending.
    Waiting,
    /// The server's handle has claimed one more than the driver requeues in one hold of its lock, and A is the
    /// last of the first hold. A younger request is pending.
    Many,
}

/// A few actors at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Who acts, each in a thread of its own.
    pub actors: Vec<Actor>,
    /// What they find.
    pub start: Start,
    /// Whether the device takes only one request at once.
    pub limit: bool,
    /// Whether those who may call at `DISPATCH_LEVEL` do so.
    pub dispatch_level: bool,
    /// Whether the driver below takes its time for the requests of the Plug and Play manager.
    pub slow_bus: bool,
}

/// The words behind the `@` of a scenario's name.
const DISPATCH: &str = "dispatch";
const LIMIT: &str = "limit-1";
const SLOW_BUS: &str = "slow-bus";
const STARTS: [(&str, Start); 4] = [
    ("claimed", Start::Claimed),
    ("many", Start::Many),
    ("returned", Start::Returned),
    ("waiting", Start::Waiting),
];

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.actors.iter().map(|actor| actor.name()).collect();
        formatter.write_str(&names.join("+"))?;
        let start = STARTS.iter().find(|(_, start)| *start == self.start);
        let words = [
            start.map(|(name, _)| *name),
            self.limit.then_some(LIMIT),
            self.slow_bus.then_some(SLOW_BUS),
            self.dispatch_level.then_some(DISPATCH),
        ];
        for (index, word) in words.into_iter().flatten().enumerate() {
            write!(formatter, "{}{word}", if index == 0 { '@' } else { ',' })?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (names, words) = text.split_once('@').unwrap_or((text, ""));
        let actors: Result<Vec<Actor>, String> = names.split('+').map(str::parse).collect();
        let mut scenario = Self::new(actors?);
        for word in words.split(',').filter(|word| !word.is_empty()) {
            match (word, STARTS.iter().find(|(name, _)| *name == word)) {
                (DISPATCH, _) => scenario.dispatch_level = true,
                (LIMIT, _) => scenario.limit = true,
                (SLOW_BUS, _) => scenario.slow_bus = true,
                (_, Some((_, start))) => scenario.start = *start,
                _ => {
                    return Err(format!(
                        "{word:?} cannot follow @; dispatch, limit-1, slow-bus, claimed, many, returned and waiting can"
                    ));
                }
            }
        }
        scenario.check()
    }
}

impl Scenario {
    /// A scenario at `PASSIVE_LEVEL`.
    #[must_use]
    pub const fn new(actors: Vec<Actor>) -> Self {
        Self {
            actors,
            start: Start::Pending,
            limit: false,
            dispatch_level: false,
            slow_bus: false,
        }
    }

    /// Says what cannot be played.
    fn check(self) -> Result<Self, String> {
        let has = |actor: Actor| self.actors.contains(&actor);
        let knows_id = matches!(self.start, Start::Claimed | Start::Many | Start::Returned);
        let waits = self.start == Start::Waiting;
        let first = self.actors.first();
        let wrong = if has(Actor::Suspend) && !first.is_some_and(|it| it.may_be_suspended()) {
            "`suspend` suspends the thread of the first actor, which has to be one that sends a request"
        } else if self.start == Start::Many && self.limit {
            "`many` requests are more than `limit-1` lets in"
        } else if knows_id && has(Actor::Pend) {
            "request A cannot be pended once more: leave `pend` out"
        } else if [Actor::Complete, Actor::CancelId, Actor::Stranger]
            .into_iter()
            .any(has)
            && !knows_id
        {
            "`complete`, `cancel-id` and `stranger` need `@claimed`, `@many` or `@returned`, where the request's id is known"
        } else if has(Actor::CancelClaim) && !waits && !has(Actor::ClaimWait) {
            "`cancel-claim` needs `claim-wait` or `@waiting`"
        } else if self
            .actors
            .iter()
            .filter(|it| it.needs_plug_and_play())
            .count()
            > 1
        {
            "the Plug and Play manager does one thing at a time"
        } else {
            return Ok(self);
        };
        Err(wrong.to_owned())
    }

    /// Every set of `size` different basic actors. The Plug and Play manager does one thing at a time to
    /// a device, so there is at most one actor for it.
    pub fn sets(size: usize) -> Vec<Self> {
        let one_manager =
            |set: &Vec<Actor>| set.iter().filter(|it| it.needs_plug_and_play()).count() <= 1;
        let sets = subsets(&Actor::BASIC, size).into_iter().filter(one_manager);
        sets.map(Self::new).collect()
    }

    /// All pairs and triples, each at both levels, and those of [`Self::broker`].
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut scenarios = Self::sets(2);
        scenarios.extend(Self::sets(3));
        let raised: Vec<Self> = scenarios
            .iter()
            .filter_map(Self::at_dispatch_level)
            .collect();
        scenarios.extend(raised);
        scenarios.extend(Self::broker());
        scenarios
    }

    /// Those with claims, timeouts and limits in which one thing can get in the way of another.
    ///
    /// # Panics
    /// If one of the names is none.
    #[must_use]
    pub fn broker() -> Vec<Self> {
        let parse = |name: &&str| {
            name.parse()
                .unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        broker::NAMES.iter().map(parse).collect()
    }

    /// Those in which the first thread is suspended while others end what it may have.
    #[must_use]
    pub fn suspended() -> Vec<Self> {
        use Actor::{
            Cancel, CancelClaim, CancelId, CancelOwn, Claim, ClaimWait, Cleanup, Complete,
            CompleteNext, Pend, PendAgain, Remove, Serve, ServerCleanup, Statistics,
            SurpriseRemoval, Suspend,
        };
        let set = |start: Start, actors: &[Actor]| Self {
            start,
            ..Self::new([actors, &[Suspend]].concat())
        };
        let others = [Cancel, Cleanup, SurpriseRemoval, Remove];
        let mut scenarios = Vec::new();
        for first in [
            Pend,
            CompleteNext,
            CancelOwn,
            Statistics,
            PendAgain,
            Claim,
            ClaimWait,
            Serve,
        ] {
            for other in others {
                scenarios.push(set(Start::Pending, &[first, other]));
            }
        }
        for first in [Complete, CancelId, CompleteNext] {
            for other in others.into_iter().chain([ServerCleanup]) {
                scenarios.push(set(Start::Claimed, &[first, other]));
            }
        }
        for other in others.into_iter().chain([CancelClaim, ServerCleanup]) {
            scenarios.push(set(Start::Waiting, &[Pend, other]));
        }
        scenarios
    }

    /// The same, with actors that call at `DISPATCH_LEVEL` where that is allowed; `None` if none may.
    #[must_use]
    pub fn at_dispatch_level(&self) -> Option<Self> {
        let may = self.actors.iter().any(|actor| actor.may_dispatch_level());
        may.then(|| Self {
            dispatch_level: true,
            ..self.clone()
        })
    }

    /// What the driver finds among its parameters, unless a person gives others. Without a limit in the name
    /// it is more than any scenario needs, but little for the driver to set up in each run.
    fn limits(&self) -> Vec<(&'static str, Value)> {
        const ENOUGH: u32 = 8;
        if self.start == Start::Many {
            vec![("DeviceLimit", Value::Number(2 * stage::HOLD))]
        } else if self.limit {
            vec![
                ("DeviceLimit", Value::Number(1)),
                ("HandleLimit", Value::Number(1)),
            ]
        } else {
            vec![("DeviceLimit", Value::Number(ENOUGH))]
        }
    }
}

impl repeated::Scenario for Scenario {
    type Stage = Stage;

    fn open(&self) -> Stage {
        Stage::open(self)
    }

    fn prepare(&self, stage: &mut Stage) {
        stage.prepare(self);
    }

    fn perform(&self, stage: &Stage) {
        let stage = *stage;
        let threads: Vec<usize> = self
            .actors
            .iter()
            .map(|&actor| {
                let at_dispatch_level = self.dispatch_level && actor.may_dispatch_level();
                schedule::spawn(actor.name(), None, move || {
                    act(actor, stage, at_dispatch_level);
                })
            })
            .collect();
        if self.actors.contains(&Actor::Suspend) {
            suspend::prepare();
        }
        for thread in threads {
            schedule::join(thread);
        }
    }

    fn finish(&self, stage: Stage) {
        stage.tear_down();
        trace::check();
    }

    fn threads(&self) -> usize {
        self.actors.len()
    }
}

fn act(actor: Actor, stage: Stage, at_dispatch_level: bool) {
    if at_dispatch_level {
        world::with(|world| world.thread().irql = DISPATCH_LEVEL);
    }
    actor.act(stage);
    world::with(|world| world.thread().irql = PASSIVE_LEVEL);
}

/// All ways to take `size` of `items`, in order.
fn subsets(items: &[Actor], size: usize) -> Vec<Vec<Actor>> {
    let Some((&first, rest)) = items.split_first() else {
        return if size == 0 {
            vec![Vec::new()]
        } else {
            Vec::new()
        };
    };
    if size == 0 {
        return vec![Vec::new()];
    }
    let with = subsets(rest, size - 1).into_iter().map(|mut set| {
        set.insert(0, first);
        set
    });
    with.chain(subsets(rest, size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_read_back() {
        let sets = Scenario::sets(2).into_iter().chain(Scenario::sets(3));
        for scenario in sets.chain(Scenario::broker()) {
            assert_eq!(scenario.to_string().parse(), Ok(scenario));
        }
        let scenario: Scenario = "pend+cancel@dispatch,limit-1".parse().unwrap();
        assert!(scenario.dispatch_level && scenario.limit);
        assert_eq!(scenario.to_string(), "pend+cancel@limit-1,dispatch");
    }

    #[test]
    fn what_cannot_be_played_is_refused() {
        for name in [
            "pend+sing",
            "pend+cancel@home",
            "pend+cancel@claimed",
            "complete+cancel",
            "cancel-id+claim@waiting",
            "cancel-claim+pend",
            "server-cleanup+cancel@many,limit-1",
            "remove+rebalance",
        ] {
            assert!(name.parse::<Scenario>().is_err(), "{name}");
        }
    }

    #[test]
    fn all_pairs_and_triples_are_there() {
        assert_eq!(Scenario::sets(2).len(), 42);
        assert_eq!(Scenario::sets(3).len(), 98);
    }
}
