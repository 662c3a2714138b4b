//! The state of one device and of its handles, and what each event does to it.

mod account;
mod requests;

use csq_protocol::{ioctl, status, wire};

use crate::ending::{Ending, Ids};
use crate::input;
use account::Counts;

/// How many requests and waiting claims there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// With the device.
    pub device: u32,
    /// Of one handle.
    pub handle: u32,
}

/// What a handle was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// `FILE_READ_DATA`.
    pub read: bool,
    /// `FILE_WRITE_DATA`.
    pub write: bool,
}

/// Where the device is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It works.
    Started,
    /// It was asked whether it can be stopped.
    StopPending,
    /// It is stopped.
    Stopped,
    /// It was asked whether it can be removed.
    RemovePending,
    /// There is none.
    Gone,
}

/// What becomes of a call at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It stays with the driver.
    Pending,
    /// It ends.
    Ended(Ending),
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Pending,
    /// With the server that has this handle.
    Claimed(usize),
}

/// A request that has not ended. In the order of their arrival.
#[derive(Clone, Debug)]
struct Request {
    call: usize,
    owner: usize,
    tag: u64,
    payload: Vec<u8>,
    room: usize,
    deadline: Option<u64>,
    place: Place,
}

/// A claim that waits. In the order of their arrival.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    call: usize,
    owner: usize,
}

#[derive(Clone, Copy, Debug)]
struct Handle {
    rights: Rights,
    open: bool,
    /// Whether its device is the one that there is now.
    current: bool,
}

/// A device, its handles, and a clock.
#[derive(Clone, Debug)]
pub struct Model {
    limits: Limits,
    state: State,
    /// The state to go back to when a query is taken back.
    before: State,
    /// In 100 ns, as timers count.
    now: u64,
    handles: Vec<Handle>,
    requests: Vec<Request>,
    waiting: Vec<Waiting>,
    counts: Counts,
    /// Whether requests and waiting claims wait for somebody to bring them together.
    meets_later: bool,
    /// The calls that have ended, but for those whose reply said so.
    endings: Vec<(usize, Ending)>,
    /// What the driver has told.
    pub ids: Ids,
}

/// A device control call.
#[derive(Clone, Copy, Debug)]
pub struct Control<'a> {
    /// Its number, by which it will be called.
    pub call: usize,
    /// The handle's number.
    pub handle: usize,
    /// The control code.
    pub code: u32,
    /// The input.
    pub input: &'a [u8],
    /// The length of the output buffer.
    pub room: usize,
}

impl Model {
    /// A device that has just started.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Started,
            before: State::Started,
            now: 0,
            handles: Vec::new(),
            requests: Vec::new(),
            waiting: Vec::new(),
            counts: Counts::default(),
            meets_later: false,
            endings: Vec::new(),
            ids: Ids::default(),
        }
    }

    /// Where the device is in its life.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// How many requests are pending and claimed, and how many claims wait.
    #[must_use]
    pub fn queued(&self) -> (usize, usize, usize) {
        let pending = self.requests.iter().filter(|it| it.place == Place::Pending);
        let pending = pending.count();
        (pending, self.requests.len() - pending, self.waiting.len())
    }

    /// How many requests a handle has claimed.
    #[must_use]
    pub fn claimed_by(&self, handle: usize) -> usize {
        let places = self.requests.iter().map(|it| it.place);
        places
            .filter(|place| *place == Place::Claimed(handle))
            .count()
    }

    /// Whether a request or a claim of this handle is refused for a limit, with what these handles had
    /// until now. If so, that counts.
    pub fn is_over_limit(&mut self, handle: usize, had: &[usize]) -> bool {
        let over = self.refusal().is_none() && self.is_full(handle, had);
        self.counts.refused += u64::from(over);
        over
    }

    /// The calls that have ended since this was last asked.
    pub fn take_endings(&mut self) -> Vec<(usize, Ending)> {
        std::mem::take(&mut self.endings)
    }

    /// Opens a handle: its number, or why there is none.
    ///
    /// # Errors
    /// The status; `None` if there is no device.
    pub fn open(&mut self, rights: Rights) -> Result<usize, Option<u32>> {
        if self.state == State::Gone {
            return Err(None);
        }
        if let Some(refusal) = self.refusal() {
            return Err(Some(refusal));
        }
        self.handles.push(Handle {
            rights,
            open: true,
            current: true,
        });
        Ok(self.handles.len() - 1)
    }

    /// Closes a handle: its own requests and claims end, what it has claimed goes back.
    pub fn close(&mut self, handle: usize) {
        if let Some(handle) = self.handles.get_mut(handle) {
            handle.open = false;
        }
        self.end_requests(
            |it| it.owner == handle,
            status::CANCELLED,
            |counts| &mut counts.flushed,
        );
        self.end_waiting(|it| it.owner == handle, status::CANCELLED);
        for request in &mut self.requests {
            if request.place == Place::Claimed(handle) {
                request.place = Place::Pending;
            }
        }
        self.deliver();
    }

    /// A device control call.
    pub fn control(&mut self, control: Control<'_>) -> Reply {
        let Some(handle) = self.handles.get(control.handle).copied() else {
            return Reply::Ended(Ending::any(Vec::new()));
        };
        let asked = ioctl::access(control.code);
        if asked & 1 != 0 && !handle.rights.read || asked & 2 != 0 && !handle.rights.write {
            return Reply::Ended(Ending::status(status::ACCESS_DENIED));
        }
        if !handle.current {
            return Reply::Ended(Ending::status(status::DEVICE_REMOVED));
        }
        let Control { input, room, .. } = control;
        let ended = match control.code {
            ioctl::PEND => match input::pend(input, room) {
                Ok((tag, timeout, payload)) => return self.pend(control, tag, timeout, payload),
                Err(faults) => Err(faults),
            },
            ioctl::CLAIM => match input::claim(input, room) {
                Ok(wait) => return self.claim(control, wait),
                Err(faults) => Err(faults),
            },
            ioctl::COMPLETE_NEXT => {
                input::complete_next(input, room).map(|payload| self.complete_next(payload))
            }
            ioctl::COMPLETE => input::complete(input, room)
                .map(|(id, status, payload)| self.complete(control.handle, id, status, payload)),
            ioctl::CANCEL => {
                input::cancel(input, room).map(|scope| self.cancel_own(control.handle, scope))
            }
            ioctl::QUERY_VERSION => input::none(input, room, size_of::<wire::Version>())
                .map(|()| Ending::structure(&self.version())),
            ioctl::QUERY_STATISTICS => input::none(input, room, size_of::<wire::Statistics>())
                .map(|()| Ending::structure(&self.statistics())),
            _ => Err(vec![status::INVALID_DEVICE_REQUEST]),
        };
        Reply::Ended(ended.unwrap_or_else(Ending::any))
    }

    /// `CancelIoEx` of one call.
    pub fn cancel_call(&mut self, call: usize) {
        self.cancel_requests(|it| it.call == call);
        self.end_waiting(|it| it.call == call, status::CANCELLED);
    }

    /// `CancelIoEx` of all calls of a handle.
    pub fn cancel_handle(&mut self, handle: usize) {
        self.cancel_requests(|it| it.owner == handle);
        self.end_waiting(|it| it.owner == handle, status::CANCELLED);
    }

    /// Time passes, in 100 ns.
    pub fn pass_time(&mut self, duration: u64) {
        self.now += duration;
        let now = self.now;
        self.end_requests(
            |it| it.deadline.is_some_and(|deadline| deadline <= now),
            status::IO_TIMEOUT,
            |counts| &mut counts.timed_out,
        );
    }

    /// The timer of one call expires, if it has one.
    pub fn expire(&mut self, call: usize) {
        self.end_requests(
            |it| it.call == call && it.deadline.is_some(),
            status::IO_TIMEOUT,
            |counts| &mut counts.timed_out,
        );
    }

    /// Plug and Play moves the device to a state in which it takes no requests.
    pub fn hold(&mut self, state: State) {
        self.before = std::mem::replace(&mut self.state, state);
    }

    /// A query is taken back.
    pub fn go_back(&mut self) {
        self.state = self.before;
    }

    /// A device that was stopped starts again.
    pub fn start(&mut self) {
        self.state = State::Started;
    }

    /// The device is removed, whatever is open.
    pub fn remove(&mut self) {
        self.state = State::Gone;
        self.end_requests(
            |_| true,
            status::DEVICE_REMOVED,
            |counts| &mut counts.flushed,
        );
        self.end_waiting(|_| true, status::DEVICE_REMOVED);
        for handle in &mut self.handles {
            handle.current = false;
        }
    }

    /// Another device comes.
    pub fn install(&mut self) {
        self.state = State::Started;
        self.counts = Counts::default();
        self.ids.clear();
    }

    /// With what a new handle or request is refused because of the state of the device.
    const fn refusal(&self) -> Option<u32> {
        match self.state {
            State::Started => None,
            State::StopPending | State::Stopped | State::RemovePending => {
                Some(status::DEVICE_NOT_READY)
            }
            State::Gone => Some(status::DEVICE_REMOVED),
        }
    }
}
