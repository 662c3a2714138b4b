//! Depth-first search that runs one schedule of each kind that can differ, and so exhausts scenarios
//! whose schedules nobody could count.
//!
//! Two ideas together. *Sleep sets* (Godefroid, "Partial-Order Methods for the Verification of
//! Concurrent Systems"): when a step of thread A has been explored, A sleeps in the sibling branches
//! until a step is taken that does not commute with A's; before that, running A only repeats what was
//! seen. *Source sets* (Abdulla, Aronsson, Jonsson, Sagonas, "Optimal Dynamic Partial Order
//! Reduction"): after each schedule, for each two steps that do not commute and could have come in the
//! other order, the thread that has to go first for that is noted at the earlier of the two; no other
//! sibling branch is taken.
//!
//! A schedule that ends early, by a finding after which the search goes on, shows only a part of what its threads do.
//! On its path every thread is tried at every step.
//!
//! Sound if every step says what it influences (`world::step`), and if nothing between two steps races with
//! anything: an instruction that does becomes a point, and the search begins anew (`race`).

mod order;

use super::{Choice, Strategy};
use crate::world::step::Touches;
use order::{Event, Handover, Reversal, reversals};

/// A thread and its next step.
type Step = (usize, Touches);

/// One step on the current path.
struct Level {
    /// Who could go on here.
    enabled: Vec<Step>,
    /// Who did.
    taken: Step,
    /// Who has to be tried here.
    wanted: Vec<usize>,
    /// Who sleeps here.
    asleep: Vec<Step>,
}

/// The search.
#[derive(Default)]
pub struct SleepSet {
    path: Vec<Level>,
    depth: usize,
    asleep: Vec<Step>,
    /// What this schedule's threads know of each other, beyond what their steps say.
    handovers: Vec<Handover>,
    started: bool,
    exhausted: bool,
    pruned: usize,
    /// Whether this schedule ended although threads could go on.
    interrupted: bool,
}

impl SleepSet {
    /// Goes to the next branch that is wanted; `false` when there is none.
    fn backtrack(&mut self) -> bool {
        while let Some(level) = self.path.last_mut() {
            level.asleep.push(level.taken);
            let is_awake =
                |thread: usize| level.asleep.iter().all(|&(sleeper, _)| sleeper != thread);
            let next = level
                .wanted
                .iter()
                .copied()
                .find(|&thread| is_awake(thread));
            if let Some(&step) =
                next.and_then(|next| level.enabled.iter().find(|step| step.0 == next))
            {
                level.taken = step;
                return true;
            }
            self.path.pop();
        }
        false
    }

    /// Notes what the finished schedule shows to be worth trying.
    fn learn(&mut self) {
        let events: Vec<Event> = self.path.iter().map(|level| level.taken.into()).collect();
        let mut blocked = Vec::new();
        for reversal in reversals(&events, &self.handovers) {
            let Some(level) = self.path.get_mut(reversal.at) else {
                continue;
            };
            let is_enabled = |thread: &usize| level.enabled.iter().any(|step| step.0 == *thread);
            let mut first: Vec<usize> = reversal.first.iter().copied().filter(is_enabled).collect();
            if first.is_empty() {
                // Nobody can go first there: the earlier step is what makes the later one possible,
                // or the order of locks hides who could. Trying everybody is always right.
                if reversal.enabled_by_earlier(&level.enabled) {
                    blocked.push(reversal);
                    continue;
                }
                first = level.enabled.iter().map(|step| step.0).collect();
                level.wanted.extend(first);
            } else if !first.iter().any(|thread| level.wanted.contains(thread)) {
                level.wanted.extend(first.first());
            }
        }
        for reversal in blocked {
            self.look_further_back(&reversal);
        }
    }

    /// What the threads would still have done, nobody has seen, nor what it would have depended on. So each of them
    /// has to be tried wherever it could go on.
    fn want_all(&mut self) {
        for level in &mut self.path {
            level.wanted = level.enabled.iter().map(|step| step.0).collect();
        }
    }

    /// A step was not possible just before the earlier one, but it may have been before that, until something
    /// took the possibility away: an interrupt comes before the IRQL is raised, or after it is lowered.
    fn look_further_back(&mut self, reversal: &Reversal) {
        let touches = self.path.get(reversal.to).map(|level| level.taken.1);
        let before = self.path.iter_mut().take(reversal.at).rev();
        for level in before.take_while(|level| level.taken.0 != reversal.later) {
            let is_enabled = level.enabled.iter().any(|step| step.0 == reversal.later);
            let matters = touches.is_some_and(|it| !level.taken.1.commutes_with(&it));
            if is_enabled && matters {
                if !level.wanted.contains(&reversal.later) {
                    level.wanted.push(reversal.later);
                }
                return;
            }
        }
    }

    /// Takes the step that the path prescribes, or a new one.
    fn advance(&mut self, enabled: &[Choice<'_>], current: Option<usize>) -> Option<usize> {
        // A step that no other can influence may come at once: nothing is lost.
        let is_own = |choice: &&Choice<'_>| choice.touches.is_own();
        if let Some(own) = enabled.iter().find(is_own) {
            return Some(own.thread);
        }
        if self.depth == self.path.len() {
            let enabled: Vec<Step> = enabled
                .iter()
                .map(|choice| (choice.thread, choice.touches))
                .collect();
            let is_awake = |step: &&Step| self.asleep.iter().all(|&(sleeper, _)| sleeper != step.0);
            // The thread that runs goes on, if it can: schedules with few switches are easy to read.
            let running = enabled
                .iter()
                .filter(is_awake)
                .find(|step| Some(step.0) == current);
            let Some(&taken) = running.or_else(|| enabled.iter().find(is_awake)) else {
                self.pruned += 1;
                return None;
            };
            self.path.push(Level {
                enabled,
                taken,
                wanted: vec![taken.0],
                asleep: self.asleep.clone(),
            });
        }
        let level = self.path.get(self.depth)?;
        self.depth += 1;
        let (thread, touches) = level.taken;
        self.asleep.clear();
        let stays = |&&(sleeper, step): &&Step| sleeper != thread && step.commutes_with(&touches);
        self.asleep.extend(level.asleep.iter().filter(stays));
        Some(thread)
    }
}

impl Strategy for SleepSet {
    fn begin(&mut self) -> bool {
        if self.started {
            self.path.truncate(self.depth);
            if std::mem::take(&mut self.interrupted) {
                self.want_all();
            } else {
                self.learn();
            }
            if !self.backtrack() {
                self.exhausted = true;
                return false;
            }
        }
        self.started = true;
        self.depth = 0;
        self.asleep.clear();
        self.handovers.clear();
        true
    }

    fn choose(&mut self, choices: &[Choice<'_>], current: Option<usize>) -> Option<usize> {
        self.advance(choices, current)
    }

    fn forced(&mut self, only: Choice<'_>) -> bool {
        self.advance(&[only], None).is_some()
    }

    fn ordered(&mut self, earlier: usize, later: usize) {
        self.handovers.push(Handover {
            at: self.depth,
            earlier,
            later,
        });
    }

    /// As if each branch that is wanted had as many below it as the others.
    fn progress(&self) -> f64 {
        let (mut done, mut share) = (0.0, 1.0);
        for level in &self.path {
            let is_done =
                |thread: &&usize| level.asleep.iter().any(|sleeper| sleeper.0 == **thread);
            share /= f64::from(level.wanted.len().max(1) as u32);
            done += share * f64::from(level.wanted.iter().filter(is_done).count() as u32);
        }
        done
    }

    fn learns(&self) -> bool {
        true
    }

    fn interrupted(&mut self) {
        self.interrupted = true;
    }

    fn restart(&mut self) {
        *self = Self::default();
    }

    fn is_exhaustive(&self) -> bool {
        self.exhausted
    }

    fn pruned(&self) -> usize {
        self.pruned
    }
}
