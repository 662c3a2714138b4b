//! A hostile client: it takes every place, cancels in every order, sends garbage and dies. A second
//! client is served all the while, within a bound that is counted in operations.
//!
//! The bound: a request is answered at the latest when what was pending before it has been. At the limit
//! of the device a request is refused at once, and the next place that gets free can be had.

use super::parameters::with;
use crate::account::Account;
use crate::expect;
use crate::outcome::Checked;
use crate::sample;
use crate::session::Session;
use crate::target::{Answer, Capability, Setting, Target};
use csq_protocol::ioctl::Rights;
use csq_protocol::wire::scope;
use csq_protocol::{MAX_PAYLOAD, ioctl, status};

mod garbage;

use garbage::Garbage;

/// Marks the requests of the second client.
const OURS: u64 = 0x6f75_7273;

/// The second client, and the server that both clients have.
struct Second<'t, T: Target> {
    target: &'t T,
    client: Session<'t, T>,
    server: Session<'t, T>,
}

impl<'t, T: Target> Second<'t, T> {
    fn new(target: &'t T) -> Checked<Self> {
        Ok(Self {
            target,
            client: Session::open_with(target, Rights::READ)?,
            server: Session::open_with(target, Rights::WRITE)?,
        })
    }

    /// A request is admitted, and answered when what was pending before it has been. Only this server
    /// completes requests, and nobody gives one back: so what is pending just after it came bounds what
    /// is before it.
    fn is_served(&self) -> Checked {
        let request = self.admitted()?;
        let bound = self.client.statistics()?.pending.get();
        for _ in 0..bound {
            if self.server.complete_next(b"served")?.tag.get() == OURS {
                let answer = self.client.ended(&request, status::SUCCESS)?;
                return expect::equal("the answer's length", 6, answer.information);
            }
        }
        let what = "the second client's request";
        let expected = format!("served within {bound} operations of the server");
        expect::failed(what, expected, "it waits still")
    }

    /// A request of the second client, when there is a place. While there is none, it is told so at once,
    /// and the server makes one.
    fn admitted(&self) -> Checked<T::Request> {
        let mut outcome = Ok(None);
        self.target.wait_until(&mut || {
            outcome = self.attempt();
            !matches!(outcome, Ok(None))
        });
        if let Some(request) = outcome? {
            return Ok(request);
        }
        // Nobody else does anything any more: now a place can be made, and had.
        for _ in 0..2 {
            if let Some(request) = self.attempt()? {
                return Ok(request);
            }
        }
        expect::failed("the second client's request", "a place", "none, for ever")
    }

    fn attempt(&self) -> Checked<Option<T::Request>> {
        match self.client.try_pend(OURS)? {
            Ok(request) => Ok(Some(request)),
            Err(answer) => {
                over_the_limit("a request of the second client", &answer)?;
                let answer = self.server.try_complete_next(&[])?;
                let either = [status::SUCCESS, status::NOT_FOUND];
                expect::status_of("COMPLETE_NEXT", &either, answer.status)?;
                Ok(None)
            }
        }
    }
}

/// The oldest request, which must be one of the second client's.
fn oldest_is_served<T: Target>(second: &Second<'_, T>, request: &T::Request) -> Checked {
    let served = second.server.complete_next(&[])?;
    expect::equal("the tag of the oldest", OURS, served.tag.get())?;
    second.client.ended(request, status::SUCCESS)?;
    Ok(())
}

fn over_the_limit(what: &str, answer: &Answer) -> Checked {
    expect::status(what, status::QUOTA_EXCEEDED, answer.status)?;
    expect::equal("the length it returns", 0, answer.information)
}

/// Handles beyond those that are needed to take every place. The driver has no limit of its own.
const MORE_HANDLES: u64 = 200;

pub(super) fn takes_every_place<T: Target>(target: &T) -> Checked {
    let second = Second::new(target)?;
    let account = Account::open(&second.client)?;
    let limit = u64::from(second.client.version()?.device_limit.get());
    let early = second.client.pend(OURS)?;
    let (mut handles, mut requests) = (Vec::new(), Vec::new());
    // One place is the second client's.
    while (requests.len() as u64) + 1 < limit {
        let handle = Session::open_with(target, Rights::READ)?;
        let before = requests.len();
        while (requests.len() as u64) < limit
            && let Ok(request) = handle.try_pend(1)?
        {
            requests.push(request);
        }
        let got = requests.len() > before;
        expect::holds("a fresh handle gets a place", got, || before.to_string())?;
        handles.push(handle);
    }
    for _ in 0..MORE_HANDLES {
        let handle = Session::open_with(target, Rights::READ)?;
        if let Err(answer) = handle.try_pend(1)? {
            over_the_limit("a request too many", &answer)?;
        } else {
            return expect::failed("a request too many", "STATUS_QUOTA_EXCEEDED", "it pends");
        }
        handles.push(handle);
    }
    let opened = second.client.statistics()?.handles.get() - account.before().handles.get();
    expect::equal("handles it has opened", handles.len() as u64, opened)?;
    // What was there before it is served before it, and one place is enough to be next.
    oldest_is_served(&second, &early)?;
    second.is_served()?;
    drop(handles);
    second.is_served()?;
    for request in &requests {
        second.client.ended(request, status::SUCCESS)?;
    }
    account.settled(&second.client)
}

/// The places of one order in which four requests are canceled.
const REQUESTS: usize = 4;

pub(super) fn cancels_in_every_order<T: Target>(target: &T) -> Checked {
    let second = Second::new(target)?;
    let handles = [Session::open(target)?, Session::open(target)?];
    let [one, other] = &handles;
    let account = Account::open(&second.client)?;
    let mut orders = 0;
    for order in (0..REQUESTS * REQUESTS * REQUESTS * REQUESTS).filter_map(permutation) {
        orders += 1;
        let early = second.client.pend(OURS)?;
        let mut requests = Vec::new();
        for (index, tag) in (0..REQUESTS as u64).enumerate() {
            requests.push(if index % 2 == 0 { one } else { other }.pend(tag)?);
        }
        for place in order {
            let owner = if place % 2 == 0 { one } else { other };
            if let Some(request) = requests.get(place) {
                // By turns with and without the driver's help.
                if (orders + place) % 3 == 0 {
                    expect::equal("CANCEL by tag", 1, owner.cancel(scope::TAG, place as u64)?)?;
                } else {
                    let canceled = target.cancel(request);
                    expect::status("CancelIoEx", status::SUCCESS, canceled)?;
                }
                owner.ended(request, status::CANCELLED)?;
            }
            one.cancel_finds_nothing("what is another's", scope::TAG, OURS)?;
            second
                .client
                .still_pending("the second client's request", &early)?;
        }
        oldest_is_served(&second, &early)?;
        second.is_served()?;
    }
    expect::equal("orders tried", 24, orders)?;
    account.settled(&second.client)
}

/// The digits of a number, if each is there once.
fn permutation(number: usize) -> Option<[usize; REQUESTS]> {
    let mut rest = number;
    let digits = [(); REQUESTS].map(|()| {
        let digit = rest % REQUESTS;
        rest /= REQUESTS;
        digit
    });
    (0..REQUESTS)
        .all(|digit| digits.contains(&digit))
        .then_some(digits)
}

/// Calls with garbage, and after how many the second client asks for something.
const CALLS: usize = 400;
const EACH: usize = 25;

pub(super) fn sends_garbage<T: Target>(target: &T) -> Checked {
    let second = Second::new(target)?;
    let account = Account::open(&second.client)?;
    let hostile = Session::open_with(target, Rights::READ)?;
    let servers_too = target.lacks(Capability::AccessCheck).is_none();
    let mut early = second.client.pend(OURS)?;
    let mut garbage = Garbage::new(servers_too);
    let mut kept = Vec::new();
    for number in 1..=CALLS {
        let call = garbage.next_call();
        let answer = hostile.submit(call.code, &call.input, call.output_length)?;
        match answer {
            Ok(request) => kept.push(request),
            Err(answer) if ioctl::ALL.iter().any(|(code, _)| *code == call.code) => {
                let denied = answer.status == status::ACCESS_DENIED;
                let may = ioctl::access(call.code) == ioctl::Access::Client as u32;
                expect::equal("whether it is denied", !may, denied)?;
            }
            // The right is looked at first, so a code that nobody knows may be denied as well.
            Err(answer) => expect::status_of(
                &format!("code {:#x}", call.code),
                &[status::INVALID_DEVICE_REQUEST, status::ACCESS_DENIED],
                answer.status,
            )?,
        }
        second
            .client
            .still_pending("the second client's request", &early)?;
        if number % EACH == 0 {
            oldest_is_served(&second, &early)?;
            second.is_served()?;
            early = second.client.pend(OURS)?;
        }
    }
    expect::holds("some of it was good enough", !kept.is_empty(), || {
        "nothing pended".to_owned()
    })?;
    hostile.close();
    oldest_is_served(&second, &early)?;
    drop(kept);
    account.settled(&second.client)
}

/// The most that is asked of the real device in one go: each round starts processes.
const MOST_ROUNDS: usize = 3;

pub(super) fn dies_in_the_middle<T: Target>(target: &T) -> Checked {
    const THEIRS: usize = 3;
    expect::capable(target, Capability::Process)?;
    let second = Second::new(target)?;
    let account = Account::open(&second.client)?;
    for _ in 0..target.rounds().min(MOST_ROUNDS) {
        let (died, served) = target.beside(
            || target.start_process(THEIRS).map(|it| target.kill(it)),
            || second.is_served(),
        );
        served?;
        if let Err(sentence) = died {
            return expect::failed("a hostile process", "one", sentence);
        }
        second.is_served()?;
    }
    second
        .client
        .until("what it left has ended", |statistics| {
            statistics.pending.get() == 0
        })?;
    account.settled(&second.client)
}

/// Both at once, where there are few places.
pub(super) fn goes_on_beside_another<T: Target>(target: &T) -> Checked {
    let parameters = [
        ("DeviceLimit", Setting::Number(3)),
        ("HandleLimit", Setting::Number(2)),
    ];
    with(target, &parameters, || {
        let second = Second::new(target)?;
        let account = Account::open(&second.client)?;
        for _ in 0..target.rounds() {
            let (harm, served) = target.beside(|| rampage(target), || second.is_served());
            harm?;
            served?;
        }
        second.is_served()?;
        account.settled(&second.client)
    })
}

/// Takes what there is by two handles, cancels it, sends what makes no sense, and leaves in the middle.
fn rampage<T: Target>(target: &T) -> Checked {
    let [one, other] = [Session::open(target)?, Session::open(target)?];
    let mut requests = Vec::new();
    for session in [&one, &other] {
        while requests.len() < 4
            && let Ok(request) = session.try_pend(1)?
        {
            requests.push(request);
        }
    }
    if let Some(request) = requests.last() {
        target.cancel(request);
    }
    one.try_cancel(scope::ALL, 0)?;
    let long = sample::payload(MAX_PAYLOAD as usize + 64);
    one.control(ioctl::PEND, &long, 0)?;
    other.close();
    Ok(())
}
