//! Small concurrent programs to explore: a few actors, each a thread with one thing to do.

mod actor;
pub(crate) mod stage;

use std::fmt;

pub use actor::Actor;
use stage::Stage;

use crate::nt::DISPATCH_LEVEL;
use crate::schedule;
use crate::world;

/// A few actors at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Who acts, each in a thread of its own.
    pub actors: Vec<Actor>,
    /// Whether those who may call at `DISPATCH_LEVEL` do so.
    pub dispatch_level: bool,
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.actors.iter().map(|actor| actor.name()).collect();
        formatter.write_str(&names.join("+"))?;
        if self.dispatch_level {
            formatter.write_str("@dispatch")?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (names, dispatch_level) = match text.strip_suffix("@dispatch") {
            Some(names) => (names, true),
            None => (text, false),
        };
        let actors: Result<Vec<Actor>, String> = names.split('+').map(str::parse).collect();
        Ok(Self {
            actors: actors?,
            dispatch_level,
        })
    }
}

impl Scenario {
    /// A scenario at `PASSIVE_LEVEL`.
    #[must_use]
    pub const fn new(actors: Vec<Actor>) -> Self {
        Self {
            actors,
            dispatch_level: false,
        }
    }

    /// Every set of `size` different actors. The Plug and Play manager does one thing at a time to a
    /// device, so there is at most one actor for it.
    pub fn sets(size: usize) -> Vec<Self> {
        let one_manager =
            |set: &Vec<Actor>| set.iter().filter(|it| it.needs_plug_and_play()).count() <= 1;
        let sets = subsets(&Actor::ALL, size).into_iter().filter(one_manager);
        sets.map(Self::new).collect()
    }

    /// Whether there is an actor who may call at `DISPATCH_LEVEL`.
    #[must_use]
    pub fn can_dispatch_level(&self) -> bool {
        self.actors.iter().any(|actor| actor.may_dispatch_level())
    }

    /// Whether the driver has to be one for Plug and Play.
    #[must_use]
    pub fn needs_plug_and_play(&self) -> bool {
        self.actors.iter().any(|actor| actor.needs_plug_and_play())
    }

    /// Plays the scenario once, from DriverEntry to unload, in the run that has begun.
    pub fn play(&self) {
        let stage = Stage::set_up(&self.actors);
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
        for thread in threads {
            schedule::join(thread);
        }
        stage.tear_down();
    }
}

fn act(actor: Actor, stage: Stage, at_dispatch_level: bool) {
    if at_dispatch_level {
        world::with(|world| world.thread().irql = DISPATCH_LEVEL);
    }
    actor.act(stage);
    world::with(|world| world.thread().irql = crate::nt::PASSIVE_LEVEL);
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
        for scenario in Scenario::sets(2).into_iter().chain(Scenario::sets(3)) {
            assert_eq!(scenario.to_string().parse(), Ok(scenario));
        }
        let scenario: Scenario = "pend+cancel@dispatch".parse().unwrap();
        assert!(scenario.dispatch_level);
        assert_eq!(scenario.to_string(), "pend+cancel@dispatch");
        assert!("pend+sing".parse::<Scenario>().is_err());
    }

    #[test]
    fn all_pairs_and_triples_are_there() {
        assert_eq!(Scenario::sets(2).len(), 42);
        assert_eq!(Scenario::sets(3).len(), 98);
    }
}
