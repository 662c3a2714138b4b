//! What one of the two threads does, and what it is told.

use std::sync::atomic::{AtomicU64, Ordering};

use behaviors::Target;
use behaviors::target::{Answer, Submitted};
use csq_protocol::ioctl::Rights;
use csq_protocol::{ioctl, status, wire};
use exploration::program::Simulated;
use model::Operation;
use model::operation::{self, Status};
use zerocopy::FromBytes;

use super::order::{Event, Said, What};
use crate::duel::{Asked, Duel, Handle, Request, choose, newest};

/// What a thread was told of a request.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its id.
    pub id: u64,
    /// Its tag.
    pub tag: u64,
    /// Its payload, if it was claimed.
    pub payload: Option<Vec<u8>>,
    /// Whether it was completed.
    pub completed: bool,
}

/// What one thread does.
pub struct Side<'t> {
    target: &'t Simulated,
    duel: &'t Duel<'t>,
    clock: &'t AtomicU64,
    /// See [`crate::Race::atomic`].
    atomic: bool,
    /// The upper half of the tags of its requests, whose lower half is their number.
    number: u64,
    pended: u64,
    calls: usize,
    /// Those that have stayed, with the calls that they are, and their handles.
    pub requests: Vec<(usize, usize, Request)>,
    /// What it was told.
    pub told: Vec<Told>,
    /// What it has done.
    pub events: Vec<Event>,
    /// Whether a `CANCEL` has ended more than one request: that is several things one after the other.
    pub several: bool,
    /// A handle of its own, which it may close, and its number.
    own: Option<(usize, Handle)>,
}

impl<'t> Side<'t> {
    /// A thread that has done nothing yet.
    pub const fn new(
        target: &'t Simulated,
        duel: &'t Duel<'t>,
        clock: &'t AtomicU64,
        atomic: bool,
        number: u64,
        own: Option<(usize, Handle)>,
    ) -> Self {
        Self {
            target,
            duel,
            clock,
            atomic,
            number,
            pended: 0,
            calls: 0,
            requests: Vec::new(),
            told: Vec::new(),
            events: Vec::new(),
            several: false,
            own,
        }
    }

    /// Does these.
    pub fn play(mut self, operations: &[Operation]) -> Self {
        for operation in operations {
            match operation {
                Operation::CancelCall(choice) => self.cancel(*choice),
                // An answer that the I/O manager cannot tell from another end is not for here.
                Operation::Raw { .. } => {}
                _ => match self.asked(operation) {
                    Some(asked) => self.control(asked),
                    None if self.atomic => {}
                    None => self.several(operation),
                },
            }
        }
        self
    }

    /// Its thread ends: what it has pended is canceled, one after the other.
    pub fn end(mut self) -> Self {
        let begin = self.now();
        for (call, _, _) in &self.requests {
            let what = What::Cancel(*call);
            self.events.push(Event {
                begin,
                end: u64::MAX - 1,
                what,
            });
        }
        self
    }

    /// What is several things one after the other.
    fn several(&mut self, operation: &Operation) {
        match operation {
            Operation::CancelHandle(choice) => {
                let handles: Vec<_> = self.duel.live().collect();
                if let Some(handle) = choose(&handles, *choice) {
                    self.target.cancel_handle(handle);
                }
            }
            Operation::Close(_) => {
                if let Some((number, handle)) = self.own.take() {
                    drop(handle);
                    let again = self.target.open(Rights::ALL).ok();
                    self.own = again.map(|handle| (number, handle));
                }
            }
            // Only one of the two; a device that is gone cannot be removed again.
            Operation::Remove if self.number == 1 => {
                let _ = self.target.remove();
            }
            _ => {}
        }
    }

    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn cancel(&mut self, choice: u8) {
        let begin = self.now();
        if let Some((call, _, request)) = choose(&self.requests, choice) {
            let call = *call;
            self.target.cancel(request);
            let end = self.now();
            let what = What::Cancel(call);
            self.events.push(Event { begin, end, what });
        }
    }

    fn asked(&mut self, operation: &Operation) -> Option<Asked> {
        let mut asked = self.duel.call(operation)?;
        match *operation {
            Operation::Pend {
                tag,
                timeout,
                payload,
                ..
            } => {
                self.pended += 1;
                let unique = self.number << 32 | self.pended;
                let tag = if self.atomic { tag.into() } else { unique };
                asked.input = operation::pend(tag, timeout.milliseconds(), &payload.bytes());
            }
            Operation::Complete { id, payload, .. } => {
                if let Some(known) = newest(&self.told, id) {
                    let status = Status::Success.code();
                    asked.input = operation::complete(known.id, status, &payload.bytes());
                }
            }
            _ => {}
        }
        Some(asked)
    }

    fn control(&mut self, mut asked: Asked) {
        let call = usize::try_from(self.number).unwrap_or(0) * 1_000_000 + self.calls;
        self.calls += 1;
        // Every other call is by its own handle.
        let own = self.own.as_ref().filter(|_| self.calls.is_multiple_of(2));
        let handle = match own {
            Some((number, handle)) => {
                asked.handle = *number;
                Some(handle)
            }
            None => self.duel.handle(asked.handle),
        };
        let Some(handle) = handle else { return };
        let begin = self.now();
        let said = match self.target.submit(handle, asked.call()) {
            Submitted::Pending(request) => {
                self.requests.push((call, asked.handle, request));
                Said::Pending
            }
            Submitted::Ended(answer) => {
                self.learn(&asked, &answer);
                Said::Ended(shown(answer))
            }
        };
        self.note(begin, call, asked, said);
    }

    fn note(&mut self, begin: u64, call: usize, mut asked: Asked, mut said: Said) {
        let end = self.now();
        let refused = What::Refused(asked.handle);
        let what = match &mut said {
            Said::Ended(answer) if answer.status == status::QUOTA_EXCEEDED => {
                // To look for a request, and to wait for one, are two things; another may come between.
                answer.status = status::NOT_FOUND;
                let looked = asked.code == ioctl::CLAIM;
                asked.input = operation::claim(false);
                let looked = looked.then_some(What::Control(call, asked, said));
                [looked, Some(refused)]
            }
            _ => [Some(What::Control(call, asked, said)), None],
        };
        let events = what.into_iter().flatten();
        self.events
            .extend(events.map(|what| Event { begin, end, what }));
    }

    fn learn(&mut self, asked: &Asked, answer: &Answer) {
        if answer.status != status::SUCCESS {
            return;
        }
        let returned = answer.output.get(..answer.information).unwrap_or_default();
        match asked.code {
            ioctl::CLAIM => {
                if let Ok((claimed, payload)) = wire::Claimed::read_from_prefix(returned) {
                    self.told.push(Told {
                        id: claimed.id.get(),
                        tag: claimed.tag.get(),
                        payload: Some(payload.to_vec()),
                        completed: false,
                    });
                }
            }
            ioctl::CANCEL => {
                let canceled = wire::Canceled::read_from_bytes(returned);
                self.several |= canceled.is_ok_and(|canceled| canceled.count.get() > 1);
            }
            ioctl::COMPLETE_NEXT => {
                if let Ok(completed) = wire::Completed::read_from_bytes(returned) {
                    self.told.push(Told {
                        id: completed.id.get(),
                        tag: completed.tag.get(),
                        payload: None,
                        completed: true,
                    });
                }
            }
            _ => {}
        }
    }
}

/// An answer without the rest of its buffer.
pub fn shown(mut answer: Answer) -> Answer {
    answer.output.truncate(answer.information);
    answer
}
