//! An exploration in parts.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::collected::Collected;
use super::{Body, Found, Limits, Outcome, add, name_places, run};
use crate::machine;
use crate::race;
use crate::schedule::Strategy;
use crate::settings::Points;
use crate::time;
use crate::world;

/// An exploration that can stop, and go on after others.
pub struct Exploration {
    strategy: Rc<RefCell<dyn Strategy>>,
    body: Body,
    collected: Arc<Collected>,
    /// What was learned so far, and in which round.
    kept: Option<(race::Learned, usize)>,
    rounds: usize,
    schedules: usize,
    time: Duration,
    limits: Limits,
    /// Whether the strategy has nothing left to try.
    is_over: bool,
    found: Option<Found>,
    passed: Vec<Found>,
    broken: Option<String>,
}

impl Exploration {
    /// One that has not begun.
    pub fn new(strategy: impl Strategy + 'static, body: Body) -> Self {
        Self {
            strategy: Rc::new(RefCell::new(strategy)),
            body,
            collected: Arc::default(),
            kept: None,
            rounds: 0,
            schedules: 0,
            time: Duration::ZERO,
            limits: Limits::default(),
            is_over: false,
            found: None,
            passed: Vec::new(),
            broken: None,
        }
    }

    /// Runs schedules until it is exhausted, a rule is broken, or one of these limits is reached, which count from now.
    /// The driver is loaded in the same machine as before.
    pub fn go_on(&mut self, limits: Limits, mut progress: impl FnMut(usize) + 'static) {
        let start = time::processor();
        let spent = move || time::processor().saturating_sub(start);
        let count = Rc::new(Cell::new(0usize));
        let limited = Rc::new(Cell::new(false));
        let reached = Rc::clone(&limited);
        let (counter, before) = (Rc::clone(&count), self.schedules);
        let (most, in_time) = (limits.schedules, limits.time);
        let go_on = move || {
            let number = counter.get();
            let in_time = in_time.is_none_or(|time| spent() < time);
            if most.is_some_and(|most| number >= most) || !in_time {
                reached.set(true);
                return false;
            }
            progress(before + number);
            counter.set(number + 1);
            true
        };
        let rounds = world::rounds();
        let learned = self.kept.take().map(|(learned, round)| {
            world::resume_round(round);
            learned
        });
        if learned.is_none() {
            world::next_round();
        }
        race::begin(self.strategy.borrow().learns(), learned);
        let ran = run(
            &self.strategy,
            go_on,
            limits.goes_on.clone(),
            Arc::clone(&self.body),
            Arc::clone(&self.collected),
        );
        self.kept = Some((race::learned(), world::round()));
        self.rounds += world::rounds() - rounds;
        self.is_over = !limited.get() && ran.found.is_none() && ran.broken.is_none();
        // The adapter counts one more when the strategy has nothing left.
        self.schedules += count.get() - usize::from(self.is_over);
        self.time += spent();
        self.limits = limits;
        (self.found, self.broken) = (ran.found, ran.broken);
        for found in ran.passed {
            add(&mut self.passed, found);
        }
    }

    /// Whether more schedules could show something.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.is_over && self.found.is_none() && self.broken.is_none()
    }

    /// How long it has taken so far, of a processor's time.
    #[must_use]
    pub const fn time(&self) -> Duration {
        self.time
    }

    /// How long it may take yet, as far as the strategy can tell: it hardly ever takes less.
    #[must_use]
    pub fn expected(&self) -> Duration {
        if self.kept.is_none() {
            return Duration::ZERO;
        }
        let done = self.strategy.borrow().progress().clamp(1e-9, 1.0);
        Duration::try_from_secs_f64(self.time.as_secs_f64() * (1.0 - done) / done)
            .unwrap_or(Duration::MAX)
    }

    /// Which instructions have become points so far.
    #[must_use]
    pub fn points(&self) -> Points {
        let kept = self.kept.as_ref();
        kept.map_or_else(Points::default, |(learned, _)| learned.points.clone())
    }

    /// What came of it.
    #[must_use]
    pub fn end(self) -> Outcome {
        let learned = self.kept.map(|kept| kept.0).unwrap_or_default();
        let mut blind: Vec<String> = learned.blind.iter().cloned().collect();
        if !machine::with(|machine| machine.image.is_read()) {
            blind.push("code of the driver that could not be read".into());
        }
        let strategy = self.strategy.borrow();
        let (states, whole) = self.collected.states();
        let mut outcome = Outcome {
            schedules: self.schedules,
            pruned: strategy.pruned(),
            exhausted: strategy.is_exhaustive() && blind.is_empty(),
            rounds: self.rounds,
            blind,
            limits: self.limits,
            time: self.time,
            endings: self.collected.endings(),
            states: states.keys().copied().collect(),
            each_state: (whole && !learned.asks_for_order).then(|| states.into_values().collect()),
            learned,
            again: false,
            misfit: strategy.misfit(),
            longest: self.collected.longest(),
            found: self.found,
            passed: self.passed,
            broken: self.broken,
        };
        for found in outcome.passed.iter_mut().chain(&mut outcome.found) {
            name_places(found, &self.body);
        }
        outcome
    }
}
