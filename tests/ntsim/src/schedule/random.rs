//! Each decision by chance (shuttle's scheduler).

use shuttle::scheduler::{RandomScheduler, Scheduler, Task, TaskId};

use super::{Choice, Strategy};

/// The walk.
pub struct Random(RandomScheduler);

impl Random {
    /// `schedules` schedules from a seed.
    #[must_use]
    pub fn new(seed: u64, schedules: usize) -> Self {
        Self(RandomScheduler::new_from_seed(seed, schedules))
    }
}

impl Strategy for Random {
    fn begin(&mut self) -> bool {
        self.0.new_execution().is_some()
    }

    fn choose(&mut self, choices: &[Choice<'_>], current: Option<usize>) -> Option<usize> {
        ask(&mut self.0, choices, current)
    }
}

/// Lets one of shuttle's schedulers choose.
pub fn ask(
    scheduler: &mut impl Scheduler,
    choices: &[Choice<'_>],
    current: Option<usize>,
) -> Option<usize> {
    let tasks: Vec<&Task> = choices.iter().map(|choice| choice.task).collect();
    let next = scheduler.next_task(&tasks, current.map(TaskId::from), false);
    next.map(usize::from)
}
