//! Which steps of a schedule could have come in another order.
//!
//! The happens-before relation of a schedule: steps of one thread are ordered, and so are steps that do
//! not commute. Locks are left out of it where it can only lead to more branches, never to fewer.

use crate::world::step::Touches;

/// A step of a schedule.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    thread: usize,
    touches: Touches,
}

impl From<(usize, Touches)> for Event {
    fn from((thread, touches): (usize, Touches)) -> Self {
        Self { thread, touches }
    }
}

/// One thread starts another, or has waited for its end: no step says so, but it forces the order of
/// what the one did before and the other does after.
#[derive(Clone, Copy, Debug)]
pub struct Handover {
    /// Before which step.
    pub at: usize,
    /// Whose steps before it.
    pub earlier: usize,
    /// Whose steps after it.
    pub later: usize,
}

/// Two steps that do not commute, with nothing between them that forces their order.
#[derive(Debug)]
pub struct Reversal {
    /// Where the earlier step was taken.
    pub at: usize,
    /// Threads of which one has to go first there for the other order.
    pub first: Vec<usize>,
    /// The thread of the later step.
    pub later: usize,
    /// Where the later step was taken.
    pub to: usize,
    /// Whether that thread took no step between the two.
    direct: bool,
}

impl Reversal {
    /// Whether the later step was not possible before the earlier one, and its thread did nothing else
    /// between: then the two have no other order.
    pub fn enabled_by_earlier(&self, enabled: &[(usize, Touches)]) -> bool {
        self.direct && enabled.iter().all(|step| step.0 != self.later)
    }
}

/// For each step, how many steps of each thread happen before it or are it.
type Clock = Vec<usize>;

fn join(clock: &mut Clock, other: &Clock) {
    for (mine, theirs) in clock.iter_mut().zip(other) {
        *mine = (*mine).max(*theirs);
    }
}

/// A schedule's events with their places in the happens-before relation.
struct Ordered<'a> {
    events: &'a [Event],
    /// The number of each event among its thread's, from 1.
    numbers: Vec<usize>,
    clocks: Vec<Clock>,
}

impl Ordered<'_> {
    /// Whether event `one` happens before event `two`, or is it.
    fn before(&self, one: usize, two: usize) -> bool {
        let thread = self.events.get(one).map_or(0, |event| event.thread);
        let reached = self.clocks.get(two).and_then(|clock| clock.get(thread));
        reached >= self.numbers.get(one)
    }

    /// The threads that can begin a schedule which has, from `from` on, what does not depend on the
    /// event there, and then event `to`.
    fn first_threads(&self, from: usize, to: usize) -> Vec<usize> {
        let independent = (from + 1..to).filter(|&event| !self.before(from, event));
        let events: Vec<usize> = independent.chain([to]).collect();
        let mut seen = Vec::new();
        let mut first = Vec::new();
        for (position, &event) in events.iter().enumerate() {
            let Some(thread) = self.events.get(event).map(|event| event.thread) else {
                continue;
            };
            if seen.contains(&thread) {
                continue;
            }
            seen.push(thread);
            let earlier = events.iter().take(position);
            if !earlier
                .into_iter()
                .any(|&earlier| self.before(earlier, event))
            {
                first.push(thread);
            }
        }
        first
    }
}

/// All pairs of steps that are worth taking in the other order.
pub fn reversals(events: &[Event], handovers: &[Handover]) -> Vec<Reversal> {
    let numbers = events.iter().map(|event| event.thread);
    let named = handovers.iter().flat_map(|it| [it.earlier, it.later]);
    let threads = numbers.chain(named).max().map_or(0, |most| most + 1);
    let mut handovers = handovers.iter().peekable();
    let mut ordered = Ordered {
        events,
        numbers: Vec::with_capacity(events.len()),
        clocks: Vec::with_capacity(events.len()),
    };
    let mut pairs = Vec::new();
    let mut current: Vec<Clock> = vec![vec![0; threads]; threads];
    for (index, event) in events.iter().enumerate() {
        while let Some(handover) = handovers.next_if(|handover| handover.at <= index) {
            let known = current.get(handover.earlier).cloned();
            if let (Some(clock), Some(known)) = (current.get_mut(handover.later), known) {
                join(clock, &known);
            }
        }
        let Some(mut clock) = current.get(event.thread).cloned() else {
            continue;
        };
        for (earlier, other) in events.iter().enumerate().take(index).rev() {
            if other.thread == event.thread || other.touches.commutes_with(&event.touches) {
                continue;
            }
            let known = clock.get(other.thread).copied().unwrap_or(0);
            if ordered
                .numbers
                .get(earlier)
                .is_some_and(|number| *number <= known)
            {
                continue;
            }
            pairs.push((earlier, index));
            if let Some(other) = ordered.clocks.get(earlier) {
                join(&mut clock, other);
            }
        }
        if let Some(own) = clock.get_mut(event.thread) {
            *own += 1;
            ordered.numbers.push(*own);
        }
        ordered.clocks.push(clock.clone());
        if let Some(slot) = current.get_mut(event.thread) {
            *slot = clock;
        }
    }
    pairs
        .into_iter()
        .map(|(earlier, later)| reversal(&ordered, earlier, later))
        .collect()
}

fn reversal(ordered: &Ordered<'_>, earlier: usize, later: usize) -> Reversal {
    let thread = ordered.events.get(later).map_or(0, |event| event.thread);
    let between = ordered.events.iter().take(later).skip(earlier + 1);
    Reversal {
        at: earlier,
        first: ordered.first_threads(earlier, later),
        later: thread,
        to: later,
        direct: !between.into_iter().any(|event| event.thread == thread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Touches = Touches::OWN;

    const fn object(number: usize) -> Touches {
        Touches::write(number * 0x1000, 8)
    }

    fn schedule(steps: &[(usize, Touches)]) -> Vec<Event> {
        steps.iter().map(|&step| step.into()).collect()
    }

    #[test]
    fn steps_that_commute_are_not_reversed() {
        let events = schedule(&[(1, object(1)), (2, object(2)), (1, OWN), (2, OWN)]);
        assert!(reversals(&events, &[]).is_empty());
    }

    #[test]
    fn what_a_joined_thread_did_comes_before() {
        let events = schedule(&[(1, object(1)), (0, object(1))]);
        assert_eq!(reversals(&events, &[]).len(), 1);
        let joined = Handover {
            at: 1,
            earlier: 1,
            later: 0,
        };
        assert!(reversals(&events, &[joined]).is_empty());
        let too_late = Handover { at: 2, ..joined };
        assert_eq!(reversals(&events, &[too_late]).len(), 1);
    }

    #[test]
    fn steps_on_one_object_are() {
        let events = schedule(&[
            (1, object(1)),
            (1, object(3)),
            (2, object(2)),
            (2, object(1)),
        ]);
        let found = reversals(&events, &[]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].at, found[0].first.as_slice()), (0, &[2][..]));
        assert!(!found[0].direct);
    }

    #[test]
    fn an_order_that_others_force_is_kept() {
        // 1 before 2 by object 1, 2 before 3 by object 2: 1 and 3 have no order of their own.
        let events = schedule(&[
            (1, object(5)),
            (1, object(1)),
            (2, object(1)),
            (2, object(2)),
            (3, object(2)),
            (3, object(5)),
        ]);
        let at: Vec<usize> = reversals(&events, &[])
            .iter()
            .map(|reversal| reversal.at)
            .collect();
        assert_eq!(at, [1, 3]);
    }
}
