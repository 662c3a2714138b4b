//! A scenario that is played again and again, without what would only repeat itself.

use std::collections::HashMap;
use std::sync::Mutex;

use super::{Scenario, Stage, finish};
use crate::checkpoint::{self, Checkpoint};
use crate::world;

/// A scenario, and what its earlier runs have shown.
#[derive(Debug)]
pub struct Repeated {
    scenario: Scenario,
    /// How it is before the strategy has anything to decide.
    start: Mutex<Option<Start>>,
    /// The round of the exploration, the states in which the actors have left what they acted on in it, and how
    /// many steps the run took from there. It broke no rule, or there would be no other run.
    ends: Mutex<(usize, HashMap<u128, usize>)>,
}

#[derive(Debug)]
struct Start {
    stage: Stage,
    /// Whether the requests are there with which the actors begin.
    prepared: bool,
    checkpoint: Checkpoint,
}

impl Repeated {
    /// A scenario that has not been played.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            start: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    /// Does what [`Scenario::play`] does.
    pub fn play(&self) {
        let stage = self.set_up();
        self.scenario.perform(stage);
        let come_to = checkpoint::state(self.scenario.actors.len(), &stage);
        let steps = world::with(|world| {
            world.state = come_to;
            world.steps
        });
        let known = come_to.and_then(|state| {
            let mut ends = self.ends.lock().ok()?;
            let (round, known) = &mut *ends;
            if std::mem::replace(round, world::round()) != *round {
                known.clear();
            }
            known.get(&state).copied()
        });
        if let Some(rest) = known {
            world::with(|world| {
                world.steps += rest;
                world.repeats = true;
            });
            return;
        }
        finish(stage);
        let rest = world::with(|world| world.steps) - steps;
        if let (Some(state), Ok(mut ends)) = (come_to, self.ends.lock()) {
            ends.1.insert(state, rest);
        }
    }

    /// Sets the stage up, or makes it what it was when an earlier run had set it up.
    fn set_up(&self) -> Stage {
        let restored = self.start.lock().ok().and_then(|start| {
            let start = start.as_ref()?;
            start
                .checkpoint
                .restore()
                .then_some((start.stage, start.prepared))
        });
        let (mut stage, prepared) = restored.unwrap_or_else(|| {
            let stage = Stage::open(&self.scenario);
            self.keep(stage, false);
            (stage, false)
        });
        if !prepared {
            stage.prepare(&self.scenario);
            self.keep(stage, true);
        }
        stage
    }

    fn keep(&self, stage: Stage, prepared: bool) {
        if let (Some(checkpoint), Ok(mut start)) = (Checkpoint::take(), self.start.lock()) {
            *start = Some(Start {
                stage,
                prepared,
                checkpoint,
            });
        }
    }
}
