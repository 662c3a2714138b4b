//! Vector clocks of threads and objects.

use std::collections::HashMap;

/// Threads that are told apart. A run with more is watched as far as these go.
pub const THREADS: usize = 32;

/// How far each thread's past is known.
pub type Clock = [u32; THREADS];

/// The clocks of a run.
#[derive(Default)]
pub struct Clocks {
    threads: [Clock; THREADS],
    objects: HashMap<usize, Clock>,
}

fn join(clock: &mut Clock, other: &Clock) {
    for (mine, theirs) in clock.iter_mut().zip(other) {
        *mine = (*mine).max(*theirs);
    }
}

impl Clocks {
    /// Nothing has happened.
    pub fn reset(&mut self) {
        self.objects.clear();
        for (index, clock) in self.threads.iter_mut().enumerate() {
            *clock = Clock::default();
            if let Some(own) = clock.get_mut(index) {
                *own = 1;
            }
        }
    }

    /// A thread's clock.
    pub fn of(&self, thread: usize) -> &Clock {
        const NOTHING: &Clock = &[0; THREADS];
        self.threads.get(thread).unwrap_or(NOTHING)
    }

    /// The thread learns what the object knows.
    pub fn acquire(&mut self, thread: usize, object: usize) {
        if let (Some(clock), Some(known)) =
            (self.threads.get_mut(thread), self.objects.get(&object))
        {
            join(clock, known);
        }
    }

    /// The object learns what the thread knows.
    pub fn release(&mut self, thread: usize, object: usize) {
        let Some(clock) = self.threads.get_mut(thread) else {
            return;
        };
        join(self.objects.entry(object).or_default(), clock);
        if let Some(own) = clock.get_mut(thread) {
            *own += 1;
        }
    }

    /// The thread learns what was known at another clock.
    pub fn learn(&mut self, thread: usize, known: &Clock) {
        if let Some(clock) = self.threads.get_mut(thread) {
            join(clock, known);
        }
    }

    /// What the thread does from now on comes after what it has done.
    pub fn advance(&mut self, thread: usize) {
        let clock = self.threads.get_mut(thread);
        if let Some(own) = clock.and_then(|clock| clock.get_mut(thread)) {
            *own += 1;
        }
    }

    /// Whether a thread knows all that the first `count` threads have done.
    pub fn knows_all(&self, thread: usize, count: usize) -> bool {
        let clock = *self.of(thread);
        let others = self.threads.iter().enumerate().take(count);
        count <= THREADS
            && others
                .filter(|(other, _)| *other != thread)
                .all(|(other, its)| {
                    let both = its.get(other).zip(clock.get(other));
                    both.is_some_and(|(now, known)| *now <= known + 1)
                })
    }

    /// A new thread knows what its maker knows.
    pub fn fork(&mut self, parent: usize, child: usize) {
        let known = *self.of(parent);
        if let Some(clock) = self.threads.get_mut(child) {
            join(clock, &known);
        }
        if let Some(own) = self
            .threads
            .get_mut(parent)
            .and_then(|clock| clock.get_mut(parent))
        {
            *own += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_orders_what_it_guards() {
        let mut clocks = Clocks::default();
        clocks.reset();
        let before = clocks.of(1)[1];
        clocks.release(1, 0x1000);
        assert!(clocks.of(2)[1] < before);
        clocks.acquire(2, 0x1000);
        assert!(clocks.of(2)[1] >= before);
        // What comes after the release is not ordered.
        assert!(clocks.of(2)[1] < clocks.of(1)[1]);
    }
}
