//! Many scenarios in a limited time: those first that end soon.

use std::time::Duration;

use super::session::Session;
use crate::explore::{Body, Exploration, Limits, Outcome};
use crate::machine;
use crate::schedule::again::Again;
use crate::settings::CsqOrder;
use crate::time;

/// A scenario.
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// The words of the command line that ask for it.
    pub asked: String,
    /// What plays it.
    pub body: Body,
}

/// A scenario that has begun.
struct Begun<'a> {
    wanted: &'a Wanted,
    exploration: Exploration,
}

/// How long each runs before it is looked at again.
const SHORTEST: Duration = Duration::from_millis(30);
const LONGEST: Duration = Duration::from_millis(100);
/// The part of the time that is for schedules by chance, of scenarios that came to no end.
const BY_CHANCE: u32 = 12;

impl Session<'_> {
    /// Explores scenarios for so much processor time: each for a short time, and then those on that may end soon, until the
    /// time is over. What came to no end gets schedules by chance in what is left.
    ///
    /// # Errors
    /// A sentence on what cannot be explored.
    pub fn explore_within(
        &mut self,
        total: Duration,
        wanted: &[Wanted],
        order: CsqOrder,
    ) -> Result<(), String> {
        let start = time::processor();
        let left = |of: Duration| of.saturating_sub(time::processor().saturating_sub(start));
        let in_order = total.saturating_sub(total / BY_CHANCE);
        let mut open = Vec::new();
        for wanted in wanted {
            if self.repeats(wanted, order)? {
                continue;
            }
            let exploration = Exploration::new(
                self.options().search().strategy()?,
                Body::clone(&wanted.body),
            );
            open.push(Begun {
                wanted,
                exploration,
            });
        }
        let mut cut_off = Vec::new();
        while !left(in_order).is_zero() {
            // What may have taken the shortest time when it has ended goes on.
            let all = |it: &Begun<'_>| {
                it.exploration
                    .time()
                    .saturating_add(it.exploration.expected())
            };
            let next = (0..open.len()).min_by_key(|&at| open.get(at).map(all));
            let Some(at) = next else {
                break;
            };
            let mut begun = open.swap_remove(at);
            let slice = begun.exploration.expected().clamp(SHORTEST, LONGEST);
            self.go_on(&mut begun, slice.min(left(in_order)));
            if begun.exploration.has_more() {
                open.push(begun);
            } else {
                self.end_of(begun, order)?;
            }
            if self.is_over() {
                return Ok(());
            }
        }
        for begun in open {
            let wanted = begun.wanted;
            if self.end_of(begun, order)? {
                cut_off.push(wanted);
            }
        }
        for (index, wanted) in cut_off.iter().enumerate() {
            let each = left(total) / (cut_off.len() - index) as u32;
            let limits = self.limits(each);
            let Wanted { name, asked, body } = wanted;
            self.explore_by_chance(name, asked, order, limits, body)?;
        }
        Ok(())
    }

    fn limits(&self, time: Duration) -> Limits {
        Limits {
            time: Some(time),
            ..self.options().limits(None)
        }
    }

    fn go_on(&mut self, begun: &mut Begun<'_>, time: Duration) {
        let limits = self.limits(time);
        let (bar, progress) = Self::bar(&begun.wanted.name);
        begun.exploration.go_on(limits, progress);
        bar.finish_and_clear();
        self.options().keep(&begun.exploration.points());
    }

    /// Says what came of one. Returns whether more schedules could show something.
    fn end_of(&mut self, begun: Begun<'_>, order: CsqOrder) -> Result<bool, String> {
        let Begun {
            wanted,
            exploration,
        } = begun;
        let mut outcome = exploration.end();
        let whole = Duration::from_millis(outcome.time.as_millis() as u64);
        outcome.limits.time = Some(whole);
        if outcome.exhausted
            && let Some(schedules) = outcome.each_state.clone()
        {
            let points = outcome.learned.points.clone();
            self.ended.insert(wanted.name.clone(), (schedules, points));
        }
        self.note(&wanted.name, &wanted.asked, order, &outcome)
    }

    /// If the order in which `IoCsqInsertIrp` works did not matter in an earlier exploration of this scenario, plays with
    /// this one a schedule for each state that its actors can leave. Returns whether all is as it was.
    fn repeats(&mut self, wanted: &Wanted, order: CsqOrder) -> Result<bool, String> {
        let Some((schedules, points)) = self.ended.get(&wanted.name).cloned() else {
            return Ok(false);
        };
        let states = schedules.len();
        let set = |points| {
            machine::with(|machine| std::mem::replace(&mut machine.settings.points, points))
        };
        let own = set(points);
        let mut exploration = Exploration::new(Again::new(schedules), Body::clone(&wanted.body));
        exploration.go_on(self.options().limits(None), |_| {});
        let mut outcome = exploration.end();
        outcome.again = true;
        set(own);
        let is_same = |it: &Outcome| {
            it.exhausted
                && it.states.len() == states
                && it.each_state.is_some()
                && it.broken.is_none()
        };
        if outcome.found.is_none() && !is_same(&outcome) {
            return Ok(false);
        }
        self.note(&wanted.name, &wanted.asked, order, &outcome)?;
        Ok(true)
    }
}
