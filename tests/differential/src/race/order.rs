//! Whether some order of what two threads did explains all answers: linearizability, by the search of
//! Wing and Gong. What had ended before something else began comes before it; for what overlapped, each
//! order is tried on the model. That there is no place may also be because an IRP that overlaps has one for
//! a moment. A timer may expire anywhere, and when the first thread ends, the I/O manager
//! cancels its calls, in any order.

use std::collections::BTreeMap;

use csq_protocol::status;
use model::model::Control;
use model::{Ending, Model, Reply};
use ntsim::program::queues::Lengths;
use scenarios::target::Answer;

use crate::duel::Asked;

/// Something that a thread did.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it began.
    pub begin: u64,
    /// When it came back.
    pub end: u64,
    /// What it was.
    pub what: What,
}

/// What a thread did.
#[derive(Clone, Debug)]
pub enum What {
    /// A call with this number, and what it came back with.
    Control(usize, Asked, Said),
    /// It canceled the call with this number.
    Cancel(usize),
}

/// What a call came back with.
#[derive(Clone, Debug)]
pub enum Said {
    /// It stays.
    Pending,
    /// This.
    Ended(Answer),
}

/// What has happened.
#[derive(Debug)]
pub struct History<'a> {
    /// What each thread did, in its order.
    pub sides: [&'a [Event]; 2],
    /// The calls of the first thread that had stayed.
    pub left: Vec<usize>,
    /// How the calls that had stayed have ended, those that have.
    pub endings: BTreeMap<usize, Answer>,
    /// What is left in the queues.
    pub lengths: Lengths,
}

/// A model, and what of the history it has behind it.
#[derive(Clone)]
struct State {
    model: Model,
    done: [usize; 2],
    /// The calls that time out later.
    expiring: Vec<usize>,
    /// The calls that may be canceled when the first thread ends.
    leaving: Vec<usize>,
}

impl History<'_> {
    /// Looks for an order.
    ///
    /// # Errors
    /// There is none.
    pub fn explain(&self, model: &Model) -> Result<(), String> {
        let ended = |call: &usize, status| {
            let answer = self.endings.get(call);
            answer.is_some_and(|answer| answer.status == status)
        };
        let calls = self.endings.keys().copied();
        let left = self.left.iter().copied();
        let state = State {
            model: model.clone(),
            done: [0, 0],
            expiring: calls
                .filter(|call| ended(call, status::IO_TIMEOUT))
                .collect(),
            leaving: left.filter(|call| ended(call, status::CANCELLED)).collect(),
        };
        if self.explains(&state) {
            Ok(())
        } else {
            Err(format!("no order of these explains the answers: {self:x?}"))
        }
    }

    fn explains(&self, state: &State) -> bool {
        let over = state.done == self.sides.map(<[Event]>::len) && state.expiring.is_empty();
        (over && self.is_end(&state.model))
            || self
                .after_event(state)
                .chain(self.after_timeout(state))
                .chain(self.after_leaving(state))
                .any(|next| self.explains(&next))
    }

    /// What each thread did next, if it may have come first.
    fn after_event(&self, state: &State) -> impl Iterator<Item = State> {
        let next = |side: usize| self.sides.get(side)?.get(*state.done.get(side)?);
        let event = move |side: usize| {
            let event = next(side)?;
            // What was over before it began comes first.
            let is_late = next(1 - side).is_some_and(|other| other.end < event.begin);
            (!is_late).then_some((side, event))
        };
        let tries = [(0, false), (0, true), (1, false), (1, true)].into_iter();
        tries.filter_map(move |(side, full)| {
            let (side, event) = event(side)?;
            let mut next = state.clone();
            *next.done.get_mut(side)? += 1;
            if full {
                if !self.may_be_full(side, event) {
                    return None;
                }
                next.model.be_full();
            }
            (does(&mut next.model, &event.what) && self.agrees(&mut next.model, None))
                .then_some(next)
        })
    }

    /// A timer expires.
    fn after_timeout(&self, state: &State) -> impl Iterator<Item = State> {
        (0..state.expiring.len()).filter_map(|index| {
            let mut next = state.clone();
            let call = next.expiring.remove(index);
            next.model.expire(call);
            self.agrees(&mut next.model, Some(call)).then_some(next)
        })
    }

    /// The first thread has ended, and one of its calls is canceled.
    fn after_leaving(&self, state: &State) -> impl Iterator<Item = State> {
        let [first, _] = self.sides;
        let has_ended = state.done.first() == Some(&first.len());
        let leaving = 0..if has_ended { state.leaving.len() } else { 0 };
        leaving.filter_map(|index| {
            let mut next = state.clone();
            let call = next.leaving.remove(index);
            next.model.cancel_call(call);
            self.agrees(&mut next.model, Some(call)).then_some(next)
        })
    }

    /// Whether it was told that there is no place while something overlapped: another call, or a timeout.
    fn may_be_full(&self, side: usize, event: &Event) -> bool {
        let told = matches!(
            &event.what,
            What::Control(_, _, Said::Ended(answer)) if answer.status == status::QUOTA_EXCEEDED
        );
        let other = self.sides.get(1 - side).copied().unwrap_or_default();
        let mut other = other.iter();
        let mut endings = self.endings.values();
        told && (other.any(|it| it.begin < event.end && event.begin < it.end)
            || endings.any(|it| it.status == status::IO_TIMEOUT))
    }

    /// Whether all that has ended in the model has ended so, `needed` among it.
    fn agrees(&self, model: &mut Model, needed: Option<usize>) -> bool {
        let ended = model.take_endings();
        needed.is_none_or(|call| ended.iter().any(|(it, _)| *it == call))
            && ended.iter().all(|(call, ending)| {
                let answer = self.endings.get(call);
                answer.is_some_and(|answer| is(model, ending, answer))
            })
    }

    /// Whether all has ended that has.
    fn is_end(&self, model: &Model) -> bool {
        let Lengths {
            pending,
            claimed,
            waiting,
        } = self.lengths;
        model.queued() == (pending, claimed, waiting)
    }
}

/// Does something with the model; whether it says what was said.
fn does(model: &mut Model, what: &What) -> bool {
    match what {
        What::Cancel(call) => {
            model.cancel_call(*call);
            true
        }
        What::Control(call, asked, said) => {
            let reply = model.control(Control {
                call: *call,
                handle: asked.handle,
                code: asked.code,
                input: &asked.input,
                room: asked.room,
            });
            match (reply, said) {
                (Reply::Pending, Said::Pending) => true,
                (Reply::Ended(ending), Said::Ended(answer)) => is(model, &ending, answer),
                _ => false,
            }
        }
    }
}

fn is(model: &mut Model, ending: &Ending, answer: &Answer) -> bool {
    let returned = answer.output.get(..answer.information);
    returned.is_some_and(|returned| {
        let compared = ending.compare(answer.status, returned, &mut model.ids);
        compared.is_ok()
    })
}
