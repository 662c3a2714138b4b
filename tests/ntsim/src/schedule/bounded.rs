//! Depth-first search with a bound on preemptions: exhaustive within the bound.
//!
//! After Musuvathi and Qadeer, "Iterative Context Bounding": switching away from a thread that
//! could go on costs one, and most bugs need few.

use super::{Choice, Strategy};

/// One decision on the current path.
struct Level {
    choices: Vec<usize>,
    index: usize,
}

/// The search.
pub struct Bounded {
    bound: usize,
    path: Vec<Level>,
    depth: usize,
    preemptions: usize,
    started: bool,
    exhausted: bool,
}

impl Bounded {
    /// At most `bound` preemptions in a schedule.
    #[must_use]
    pub const fn new(bound: usize) -> Self {
        Self {
            bound,
            path: Vec::new(),
            depth: 0,
            preemptions: 0,
            started: false,
            exhausted: false,
        }
    }

    fn backtrack(&mut self) -> bool {
        while let Some(level) = self.path.last_mut() {
            level.index += 1;
            if level.index < level.choices.len() {
                return true;
            }
            self.path.pop();
        }
        false
    }
}

impl Strategy for Bounded {
    fn begin(&mut self) -> bool {
        if self.started && !self.backtrack() {
            self.exhausted = true;
            return false;
        }
        self.started = true;
        self.depth = 0;
        self.preemptions = 0;
        true
    }

    fn choose(&mut self, choices: &[Choice<'_>], current: Option<usize>) -> Option<usize> {
        let threads = choices.iter().map(|choice| choice.thread);
        let going = current.filter(|current| threads.clone().any(|thread| thread == *current));
        if self.depth == self.path.len() {
            let choices = match going {
                Some(thread) if self.preemptions >= self.bound => vec![thread],
                Some(current) => std::iter::once(current)
                    .chain(threads.filter(|thread| *thread != current))
                    .collect(),
                None => threads.collect(),
            };
            self.path.push(Level { choices, index: 0 });
        }
        let level = self.path.get(self.depth)?;
        let &thread = level.choices.get(level.index)?;
        self.depth += 1;
        if going.is_some_and(|current| current != thread) {
            self.preemptions += 1;
        }
        Some(thread)
    }

    fn is_exhaustive(&self) -> bool {
        self.exhausted
    }
}
