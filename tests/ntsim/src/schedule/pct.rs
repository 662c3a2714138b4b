//! Probabilistic concurrency testing (shuttle's scheduler): random priorities, and a few random
//! places where the running thread loses its own. Finds a bug of depth d with known probability.

use shuttle::scheduler::{PctScheduler, Scheduler, Task, TaskId};

use super::{Choice, Strategy};

/// The walk.
pub struct Pct {
    scheduler: PctScheduler,
    /// Shuttle's scheduler refuses to go on after a first run without any decision.
    decided: bool,
    started: bool,
}

impl Pct {
    /// `schedules` schedules with `depth - 1` changes of priority each.
    #[must_use]
    pub fn new(seed: u64, depth: usize, schedules: usize) -> Self {
        Self {
            scheduler: PctScheduler::new_from_seed(seed, depth, schedules),
            decided: false,
            started: false,
        }
    }
}

impl Strategy for Pct {
    fn begin(&mut self) -> bool {
        if std::mem::replace(&mut self.started, true) && !self.decided {
            return false;
        }
        self.scheduler.new_execution().is_some()
    }

    fn choose(&mut self, choices: &[Choice<'_>], current: Option<usize>) -> Option<usize> {
        self.decided = true;
        let tasks: Vec<&Task> = choices.iter().map(|choice| choice.task).collect();
        let current = current.map(TaskId::from);
        let next = self.scheduler.next_task(&tasks, current, false);
        next.map(usize::from)
    }
}
