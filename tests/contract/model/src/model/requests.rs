//! What becomes of requests and of claims that wait.

use csq_protocol::{status, wire};

use super::account::Counts;
use super::{Control, Model, Place, Reply, Request, Waiting};
use crate::ending::{Ending, Output, length};
use crate::input::Scope;

/// 100 ns in a millisecond.
const MILLISECOND: u64 = 10_000;

impl Model {
    pub(super) fn pend(
        &mut self,
        control: Control<'_>,
        tag: u64,
        timeout: u32,
        payload: &[u8],
    ) -> Reply {
        if let Some(ending) = self.turn_away(control.handle) {
            return Reply::Ended(ending);
        }
        self.requests.push(Request {
            call: control.call,
            owner: control.handle,
            tag,
            payload: payload.to_vec(),
            room: control.room,
            deadline: (timeout != 0).then(|| self.now + u64::from(timeout) * MILLISECOND),
            place: Place::Pending,
        });
        self.counts.pended += 1;
        self.counts.high_water = self.counts.high_water.max(self.requests.len() as u64);
        self.deliver();
        Reply::Pending
    }

    pub(super) fn claim(&mut self, control: Control<'_>, wait: bool) -> Reply {
        if let Some(refusal) = self.refusal() {
            return Reply::Ended(Ending::status(refusal));
        }
        if let Some(ending) = self.claim_oldest(control.handle) {
            return Reply::Ended(ending);
        }
        if !wait {
            return Reply::Ended(Ending::status(status::NOT_FOUND));
        }
        if let Some(ending) = self.turn_away(control.handle) {
            return Reply::Ended(ending);
        }
        self.waiting.push(Waiting {
            call: control.call,
            owner: control.handle,
        });
        Reply::Pending
    }

    /// Why a request or a claim may not stay.
    pub(super) fn turn_away(&mut self, handle: usize) -> Option<Ending> {
        if let Some(refusal) = self.refusal() {
            return Some(Ending::status(refusal));
        }
        self.is_full(handle, &[]).then(|| {
            self.counts.refused += 1;
            Ending::status(status::QUOTA_EXCEEDED)
        })
    }

    /// Whether there is no room for one more, with what these handles have besides.
    pub(super) fn is_full(&self, handle: usize, besides: &[usize]) -> bool {
        let owners = self.requests.iter().map(|it| &it.owner);
        let owners = owners.chain(self.waiting.iter().map(|it| &it.owner));
        let owners: Vec<&usize> = owners.chain(besides).collect();
        let own = owners.iter().filter(|owner| ***owner == handle).count();
        own >= self.limits.handle as usize || owners.len() >= self.limits.device as usize
    }

    /// The oldest pending request goes to a server.
    pub(super) fn claim_oldest(&mut self, server: usize) -> Option<Ending> {
        let mut requests = self.requests.iter_mut();
        let oldest = requests.find(|it| it.place == Place::Pending)?;
        oldest.place = Place::Claimed(server);
        Some(Ending::success(Output::Claimed {
            call: oldest.call,
            tag: oldest.tag,
            payload: oldest.payload.clone(),
        }))
    }

    /// Pending requests go to waiting claims.
    pub(super) fn deliver(&mut self) {
        while !self.meets_later && self.meet() {}
    }

    /// From now on, requests and claims that wait meet when [`Model::meet`] says so, and not at once.
    pub const fn meet_later(&mut self) {
        self.meets_later = true;
    }

    /// Whether there are a request and a claim that wait for each other.
    #[must_use]
    pub fn can_meet(&self) -> bool {
        let is_pending = |it: &Request| it.place == Place::Pending;
        !self.waiting.is_empty() && self.requests.iter().any(is_pending)
    }

    /// The oldest pending request goes to the oldest claim that waits, if there are both.
    pub fn meet(&mut self) -> bool {
        let Some(claim) = self.waiting.first().copied() else {
            return false;
        };
        let Some(ending) = self.claim_oldest(claim.owner) else {
            return false;
        };
        self.waiting.remove(0);
        self.endings.push((claim.call, ending));
        true
    }

    pub(super) fn complete_next(&mut self, payload: &[u8]) -> Ending {
        let mut requests = self.requests.iter();
        let Some(oldest) = requests.position(|it| it.place == Place::Pending) else {
            return Ending::status(status::NOT_FOUND);
        };
        let request = self.requests.remove(oldest);
        let delivered = self.answer(&request, status::SUCCESS, payload);
        Ending::success(Output::Completed {
            call: request.call,
            tag: request.tag,
            delivered,
        })
    }

    pub(super) fn complete(
        &mut self,
        server: usize,
        id: u64,
        status: u32,
        payload: &[u8],
    ) -> Ending {
        let call = self.ids.find(id);
        let mut requests = self.requests.iter();
        let found =
            requests.position(|it| Some(it.call) == call && it.place == Place::Claimed(server));
        let Some(found) = found else {
            return Ending::status(status::NOT_FOUND);
        };
        let request = self.requests.remove(found);
        let delivered = self.answer(&request, status, payload);
        Ending::structure(&wire::Delivered {
            delivered: delivered.into(),
            reserved: 0.into(),
        })
    }

    /// A request ends with an answer. How much of it it gets.
    pub(super) fn answer(&mut self, request: &Request, status: u32, payload: &[u8]) -> u32 {
        let fits = payload.get(..request.room).unwrap_or(payload);
        let status = if fits.len() < payload.len() {
            status::BUFFER_OVERFLOW
        } else {
            status
        };
        let ending = Ending {
            statuses: vec![status],
            output: match fits {
                [] => Output::Nothing,
                bytes => Output::Bytes(bytes.to_vec()),
            },
        };
        self.counts.completed += 1;
        self.endings.push((request.call, ending));
        length(fits)
    }

    pub(super) fn cancel_own(&mut self, handle: usize, scope: Scope) -> Ending {
        let known = match scope {
            Scope::Id(id) => self.ids.find(id),
            _ => None,
        };
        let count = self.cancel_requests(|it| {
            it.owner == handle
                && match scope {
                    Scope::All => true,
                    Scope::Tag(tag) => it.tag == tag,
                    Scope::Id(_) => Some(it.call) == known,
                }
        });
        if count == 0 {
            return Ending::status(status::NOT_FOUND);
        }
        Ending::structure(&wire::Canceled {
            count: count.into(),
        })
    }

    pub(super) fn cancel_requests(&mut self, which: impl Fn(&Request) -> bool) -> u64 {
        self.end_requests(which, status::CANCELLED, |counts| &mut counts.canceled)
    }

    /// Requests end without an answer; how many.
    pub(super) fn end_requests(
        &mut self,
        which: impl Fn(&Request) -> bool,
        status: u32,
        counter: impl Fn(&mut Counts) -> &mut u64,
    ) -> u64 {
        let mut count = 0;
        for request in self.requests.extract_if(.., |it| which(it)) {
            self.endings.push((request.call, Ending::status(status)));
            count += 1;
        }
        *counter(&mut self.counts) += count;
        count
    }

    pub(super) fn end_waiting(&mut self, which: impl Fn(&Waiting) -> bool, status: u32) {
        for claim in self.waiting.extract_if(.., |it| which(it)) {
            self.endings.push((claim.call, Ending::status(status)));
        }
    }
}
