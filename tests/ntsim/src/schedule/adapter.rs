//! Between shuttle, which runs the threads, and a strategy, which picks one.
//!
//! Whether a thread can go on is decided here, by the guard of its next step, and not by shuttle's
//! own blocking: so a blocked thread is an ordinary state that strategies and reports understand.

use std::cell::RefCell;
use std::rc::Rc;

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

use super::{Choice, Strategy};
use crate::finding::Finding;
use crate::race;
use crate::rule;
use crate::world::thread::Guard;
use crate::world::{self, World};

/// More steps than any scenario needs. A run that takes them goes round in circles.
const MAX_STEPS: usize = 50_000;

/// A strategy as shuttle wants it.
pub struct Adapter {
    strategy: Rc<RefCell<dyn Strategy>>,
    /// Asked before each schedule; `false` ends the exploration.
    go_on: Box<dyn FnMut() -> bool>,
    /// Asked after each schedule with a finding; `false` ends the exploration.
    found: Box<dyn FnMut() -> bool>,
    started: bool,
    /// The thread that goes on again and again although others could, and how often.
    stubborn: (usize, usize),
}

/// As often as a thread may go on while others could. One that still does waits for another in a loop of its own.
const MOST_IN_A_ROW: usize = 1_000;

impl Adapter {
    /// Explores with `strategy` for as long as `go_on` says, and `found`, which is asked where the world has a
    /// finding.
    pub fn new(
        strategy: Rc<RefCell<dyn Strategy>>,
        go_on: impl FnMut() -> bool + 'static,
        found: impl FnMut() -> bool + 'static,
    ) -> Self {
        Self {
            strategy,
            go_on: Box::new(go_on),
            found: Box::new(found),
            started: false,
            stubborn: (0, 0),
        }
    }
}

/// What the state of the run asks for.
enum Next {
    Stop,
    /// This thread, for nobody notices.
    Thread(usize),
    /// The only one that can go on.
    Only(usize),
    Choose,
}

impl Scheduler for Adapter {
    fn new_execution(&mut self) -> Option<Schedule> {
        let found = std::mem::replace(&mut self.started, true)
            && world::with(|world| world.finding.is_some());
        if found {
            if world::with(|world| is_interrupted(world)) {
                self.strategy.borrow_mut().interrupted();
            }
            if !(self.found)() {
                return None;
            }
        }
        if race::apply() {
            self.strategy.borrow_mut().restart();
            world::next_round();
        }
        if !(self.go_on)() || !self.strategy.borrow_mut().begin() {
            return None;
        }
        self.stubborn = (0, 0);
        // Until the first thread resets it, what is left of the last run must not be looked at.
        world::with(|world| *world = World::default());
        Some(Schedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        _yielding: bool,
    ) -> Option<TaskId> {
        let next = self.next(runnable, current);
        if next.is_none() {
            world::with(|world| world.over = true);
        }
        next
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

impl Adapter {
    fn next(&mut self, runnable: &[&Task], current: Option<TaskId>) -> Option<TaskId> {
        let current = current.map(usize::from);
        let handovers = world::with(|world| std::mem::take(&mut world.handovers));
        for (earlier, later) in handovers {
            self.strategy.borrow_mut().ordered(earlier, later);
        }
        let (next, choices) = world::with(|world| {
            let mut choices = possible(world, runnable);
            let (stubborn, times) = self.stubborn;
            if times > MOST_IN_A_ROW && choices.len() > 1 {
                race::is_bounded("the end of a loop in which a thread waits for another by itself");
                choices.retain(|choice| choice.thread != stubborn);
            }
            (decide(world, &choices, current), choices)
        });
        let thread = match next {
            Next::Stop => return None,
            Next::Thread(thread) => thread,
            Next::Only(index) => {
                let only = *choices.get(index)?;
                if !self.strategy.borrow_mut().forced(only) {
                    return None;
                }
                only.thread
            }
            Next::Choose => {
                let thread = self.strategy.borrow_mut().choose(&choices, current)?;
                world::with(|world| world.choices.push(thread as u8));
                let (last, times) = self.stubborn;
                self.stubborn = (thread, if thread == last { times + 1 } else { 0 });
                thread
            }
        };
        Some(TaskId::from(thread))
    }
}

/// The threads that can go on; if none can, those that wait for just that, or for their time.
fn possible<'a>(world: &mut World, runnable: &[&'a Task]) -> Vec<Choice<'a>> {
    let mut choices = choices(world, runnable, World::enabled);
    if choices.is_empty() {
        let length = world.trace.len();
        choices = self::choices(
            world,
            runnable,
            |world, thread| matches!(world.pending(thread).guard, Guard::Quiet(seen) if seen < length),
        );
    }
    if choices.is_empty() && let_time_pass(world) {
        choices = self::choices(world, runnable, World::enabled);
    }
    if choices.is_empty() {
        choices = self::choices(world, runnable, |world, thread| {
            matches!(world.pending(thread).guard, Guard::Quiet(_))
        });
    }
    choices
}

fn choices<'a>(
    world: &World,
    runnable: &[&'a Task],
    can_go_on: impl Fn(&World, usize) -> bool,
) -> Vec<Choice<'a>> {
    let mut choices = Vec::with_capacity(runnable.len());
    for &task in runnable {
        let thread = usize::from(task.id());
        if can_go_on(world, thread) {
            choices.push(Choice {
                thread,
                touches: world.pending(thread).touches,
                task,
            });
        }
    }
    choices
}

/// Nothing can happen now: makes it the time of the earliest thing that waits for its time, if any does.
fn let_time_pass(world: &mut World) -> bool {
    let waiting = world.threads.iter().filter(|thread| !thread.finished);
    let due = waiting.filter_map(|thread| match thread.pending.guard {
        Guard::Time(due) => Some(due),
        _ => None,
    });
    let earliest = due.min();
    if let Some(due) = earliest {
        world.time = world.time.max(due);
    }
    earliest.is_some()
}

fn decide(world: &mut World, choices: &[Choice<'_>], current: Option<usize>) -> Next {
    if world.finding.is_some() {
        return Next::Stop;
    }
    world.steps += 1;
    if world.steps > MAX_STEPS {
        stuck(
            world,
            &rule::progress::LIVELOCK,
            format!("{MAX_STEPS} steps and no end"),
        );
        return Next::Stop;
    }
    // A step that nobody notices needs no decision. The thread that runs goes first, so that a
    // thread that only starts another one is not interrupted.
    let silent = |choice: &&Choice<'_>| choice.touches.is_silent();
    let mine = choices.iter().find(|choice| Some(choice.thread) == current);
    if let Some(choice) = mine.filter(silent).or_else(|| choices.iter().find(silent)) {
        return Next::Thread(choice.thread);
    }
    match choices {
        [] => {
            let message = rule::progress::who_waits(world);
            stuck(world, rule::progress::why_stuck(world), message);
            Next::Stop
        }
        [_] => Next::Only(0),
        _ => Next::Choose,
    }
}

/// Whether the schedule ended before it has shown all that its threads do: threads are left other than the one that
/// broke a rule, and than those that wait for the end of threads.
fn is_interrupted(world: &World) -> bool {
    let finder = world.finding.as_ref().map(|finding| finding.thread);
    let lives = |thread: usize| world.threads.get(thread).is_some_and(|it| !it.finished);
    let only_waits =
        |thread| matches!(world.pending(thread).guard, Guard::Ended(other) if lives(other));
    (0..world.threads.len())
        .any(|thread| Some(thread) != finder && lives(thread) && !only_waits(thread))
}

fn stuck(world: &mut World, rule: &'static rule::Rule, message: String) {
    world.finding = Some(Finding {
        rule,
        message,
        stack: Vec::new(),
        thread: world.current,
    });
}
