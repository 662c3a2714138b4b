//! Whether some order of what two threads did explains all answers: linearizability, by the search of
//! Wing and Gong. What had ended before something else began comes before it; for what overlapped, each
//! order is tried on the model. What csq.sys does in two steps, others may see between:
//!
//! * a timer may expire at any time;
//! * a request meets a claim that waits in a deferred procedure call: until then, either may end otherwise;
//! * a claim that is about to meet a request may not be counted among those that wait any more;
//! * a claim that waits looks for a request first, and then takes a place: somebody may take the last;
//! * who ends a call gives its place back after that, but before he returns; and not before the DPC of
//!   its timer, if that has begun, is over; the highest number of requests may be one with such places.

use std::collections::BTreeMap;

use behaviors::target::Answer;
use csq_protocol::{ioctl, status, wire};
use exploration::program::queues::Lengths;
use model::model::Control;
use model::{Ending, Model, Output, Reply, input};
use zerocopy::FromBytes;

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
    /// This handle was refused a place for a request or a claim.
    Refused(usize),
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
    /// How the calls that had stayed have ended, those that have.
    pub endings: BTreeMap<usize, Answer>,
    /// Whose calls those are, also of those that have not ended.
    pub owners: BTreeMap<usize, usize>,
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
    /// The handles of calls that have ended, and until when their places may not have been given back.
    places: Vec<(usize, u64)>,
}

impl State {
    /// Does something with the model; whether it says what was said.
    fn does(&mut self, what: &What) -> bool {
        let model = &mut self.model;
        match what {
            What::Cancel(call) => {
                model.cancel_call(*call);
                true
            }
            What::Refused(handle) => {
                let places: Vec<usize> = self.places.iter().map(|(owner, _)| *owner).collect();
                model.is_over_limit(*handle, &places)
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
                    (Reply::Ended(ending), Said::Ended(answer)) => {
                        if asked.code == ioctl::QUERY_STATISTICS {
                            is(model, &ending, &at_rest(answer, &ending, model.can_meet()))
                        } else {
                            is(model, &ending, answer)
                        }
                    }
                    _ => false,
                }
            }
        }
    }
}

impl History<'_> {
    /// Looks for an order.
    ///
    /// # Errors
    /// There is none.
    pub fn explain(&self, model: &Model) -> Result<(), String> {
        let timed_out = |(call, answer): (&usize, &Answer)| {
            (answer.status == status::IO_TIMEOUT).then_some(*call)
        };
        let mut model = model.clone();
        model.meet_later();
        let state = State {
            model,
            done: [0, 0],
            expiring: self.endings.iter().filter_map(timed_out).collect(),
            places: Vec::new(),
        };
        if self.explains(&state) {
            Ok(())
        } else {
            Err(format!("no order of these explains the answers: {self:x?}"))
        }
    }

    fn explains(&self, state: &State) -> bool {
        let [first, second] = self.sides;
        let [one, two] = state.done;
        let (one, two) = (first.get(one), second.get(two));
        if one.is_none() && two.is_none() && state.expiring.is_empty() {
            let mut last = state.model.clone();
            while last.meet() {}
            return self.agrees(&mut last, None).is_some() && self.is_end(&last);
        }
        let pairs = [(0, one, two), (1, two, one)];
        let done = pairs.into_iter().filter_map(|(side, event, other)| {
            let event = event?;
            // What was over before it began comes first.
            if other.is_some_and(|other| other.end < event.begin) {
                return None;
            }
            self.after(state, side, event)
        });
        let expired = (0..state.expiring.len()).filter_map(|index| self.expired(state, index));
        let can_meet = state.model.can_meet();
        let met = can_meet.then(|| self.met(state)).flatten();
        done.chain(expired)
            .chain(met)
            .any(|next| self.explains(&next))
    }

    /// After the next event of a side, if it can have been so.
    fn after(&self, state: &State, side: usize, event: &Event) -> Option<State> {
        let mut next = state.clone();
        *next.done.get_mut(side)? += 1;
        next.places.retain(|(_, end)| *end >= event.begin);
        if !next.does(&event.what) {
            return None;
        }
        self.with_endings(next, None, event.end)
    }

    /// After a timer has expired.
    fn expired(&self, state: &State, index: usize) -> Option<State> {
        let mut next = state.clone();
        let call = next.expiring.remove(index);
        next.model.expire(call);
        self.with_endings(next, Some(call), u64::MAX)
    }

    /// After a request and a claim have met.
    fn met(&self, state: &State) -> Option<State> {
        let mut next = state.clone();
        next.model.meet();
        self.with_endings(next, None, u64::MAX)
    }

    /// If what has ended can have ended so, by somebody who returns at `end`.
    fn with_endings(&self, mut state: State, needed: Option<usize>, end: u64) -> Option<State> {
        let ended = self.agrees(&mut state.model, needed)?;
        for call in ended {
            let end = if self.is_timed(call) { u64::MAX } else { end };
            let owner = self.owners.get(&call);
            state.places.extend(owner.map(|owner| (*owner, end)));
        }
        Some(state)
    }

    /// Whether a call has a timer.
    fn is_timed(&self, call: usize) -> bool {
        let mut all = self.sides.into_iter().flatten();
        all.any(|event| match &event.what {
            What::Control(own, asked, Said::Pending) if *own == call => {
                asked.code == ioctl::PEND
                    && input::pend(&asked.input, asked.room)
                        .is_ok_and(|(_, timeout, _)| timeout != 0)
            }
            _ => false,
        })
    }

    /// What has ended in the model, if all of it, and `needed` among it, has ended so.
    fn agrees(&self, model: &mut Model, needed: Option<usize>) -> Option<Vec<usize>> {
        let ended = model.take_endings();
        let mut calls = Vec::new();
        for (call, ending) in &ended {
            if !is(model, ending, self.endings.get(call)?) {
                return None;
            }
            calls.push(*call);
        }
        let is_there = needed.is_none_or(|call| calls.contains(&call));
        is_there.then_some(calls)
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

fn is(model: &mut Model, ending: &Ending, answer: &Answer) -> bool {
    let returned = answer.output.get(..answer.information);
    returned.is_some_and(|returned| {
        let compared = ending.compare(answer.status, returned, &mut model.ids);
        compared.is_ok()
    })
}

/// An account as it would be if nobody was about to meet, or to give a place back.
fn at_rest(answer: &Answer, expected: &Ending, meeting: bool) -> Answer {
    let mut answer = answer.clone();
    let Output::Bytes(bytes) = &expected.output else {
        return answer;
    };
    let expected = wire::Statistics::ref_from_bytes(bytes);
    let own = wire::Statistics::mut_from_bytes(&mut answer.output);
    if let (Ok(own), Ok(expected)) = (own, expected) {
        if meeting && own.waiting.get() + 1 == expected.waiting.get() {
            own.waiting = expected.waiting;
        }
        if own.high_water > expected.high_water {
            own.high_water = expected.high_water;
        }
    }
    answer
}
