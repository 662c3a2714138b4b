//! A scenario that is played again and again, without what would only repeat itself.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Mutex;

use crate::checkpoint::{self, Checkpoint};
use crate::world;

/// A scenario in the parts that [`Repeated`] tells apart.
pub trait Scenario: Send + Sync {
    /// What the actors act on: numbers and addresses of the run.
    type Stage: Clone + Debug + Hash + Send;

    /// Loads and starts the driver, and makes what the scenario begins with.
    fn open(&self) -> Self::Stage;

    /// Brings it into the state in which the actors begin.
    fn prepare(&self, stage: &mut Self::Stage);

    /// Lets the actors act, and waits for their end.
    fn perform(&self, stage: &Self::Stage);

    /// Ends everything, and looks at what is left.
    fn finish(&self, stage: Self::Stage);

    /// How many threads act.
    fn threads(&self) -> usize;

    /// Plays all of it once, from DriverEntry to unload, in the run that has begun.
    fn play(&self) {
        let mut stage = self.open();
        self.prepare(&mut stage);
        self.perform(&stage);
        self.finish(stage);
    }
}

/// A scenario, and what its earlier runs have shown.
#[derive(Debug)]
pub struct Repeated<S: Scenario> {
    scenario: S,
    /// How it is before the strategy has anything to decide.
    start: Mutex<Option<Start<S::Stage>>>,
    /// The round of the exploration, the states in which the actors have left what they acted on in it, and how
    /// many steps the run took from there. It broke no rule, or there would be no other run.
    ends: Mutex<(usize, HashMap<u128, usize>)>,
}

#[derive(Debug)]
struct Start<T> {
    stage: T,
    /// Whether the state is there in which the actors begin.
    prepared: bool,
    checkpoint: Checkpoint,
}

impl<S: Scenario> Repeated<S> {
    /// A scenario that has not been played.
    #[must_use]
    pub fn new(scenario: S) -> Self {
        Self {
            scenario,
            start: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    /// Does what [`Scenario::play`] does.
    pub fn play(&self) {
        let stage = self.set_up();
        self.scenario.perform(&stage);
        let come_to = checkpoint::state(self.scenario.threads(), &stage);
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
        self.scenario.finish(stage);
        let rest = world::with(|world| world.steps) - steps;
        if let (Some(state), Ok(mut ends)) = (come_to, self.ends.lock()) {
            ends.1.insert(state, rest);
        }
    }

    /// Sets the stage up, or makes it what it was when an earlier run had set it up.
    fn set_up(&self) -> S::Stage {
        let restored = self.start.lock().ok().and_then(|start| {
            let start = start.as_ref()?;
            start
                .checkpoint
                .restore()
                .then(|| (start.stage.clone(), start.prepared))
        });
        let (mut stage, prepared) = restored.unwrap_or_else(|| {
            let stage = self.scenario.open();
            self.keep(&stage, false);
            (stage, false)
        });
        if !prepared {
            self.scenario.prepare(&mut stage);
            self.keep(&stage, true);
        }
        stage
    }

    fn keep(&self, stage: &S::Stage, prepared: bool) {
        if let (Some(checkpoint), Ok(mut start)) = (Checkpoint::take(), self.start.lock()) {
            *start = Some(Start {
                stage: stage.clone(),
                prepared,
                checkpoint,
            });
        }
    }
}
