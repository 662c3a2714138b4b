//! A thread that makes requests, and ends them in every way a client can.

use std::thread;
use std::time::{Duration, Instant};

use csq_protocol::message::{cancel, pend_timed};
use csq_protocol::{ioctl, status, wire};
use fastrand::Rng;
use ntsim::native::Requests;
use zerocopy::IntoBytes;

use super::life::Life;
use super::tally::Tally;

/// How many requests a handle has at most; more than the driver allows.
const MOST: usize = 48;
/// Bytes of each payload.
const PAYLOAD: [u8; 24] = [0x5a; 24];
/// The most room for an answer. Some do not fit.
const ROOM: usize = 80;
/// How many different tags there are.
const TAGS: u64 = 5;
/// How long the end of a handle's requests may take.
const LIMIT: Duration = Duration::from_secs(20);

/// The thread's life: one handle after the other.
pub fn run(life: &Life<'_>, mut choices: Rng) -> Tally {
    let mut tally = Tally::default();
    while let Some(handle) = life.open() {
        let room = choices.usize(0..=ROOM);
        let pends = handle.requests(ioctl::PEND, &pend_timed(0, 0, &PAYLOAD), room, MOST);
        let steps = choices.u32(1..4000);
        let cancel = handle.requests(
            ioctl::CANCEL,
            cancel(0, 0).as_bytes(),
            size_of::<wire::Canceled>(),
            1,
        );
        let mut session = Session {
            pends: &pends,
            cancel: &cancel,
            taken: [false; MOST],
            tally: &mut tally,
        };
        for _ in 0..steps {
            if life.is_over() {
                break;
            }
            session.step(&mut choices);
        }
        session.tally.closed += 1;
        handle.cleanup();
        session.wait_for_all();
    }
    tally
}

/// A handle's requests.
struct Session<'a> {
    pends: &'a Requests<'a>,
    cancel: &'a Requests<'a>,
    /// Those that the driver has taken and that are not counted yet.
    taken: [bool; MOST],
    tally: &'a mut Tally,
}

impl Session<'_> {
    fn step(&mut self, choices: &mut Rng) {
        let index = choices.usize(0..MOST);
        match choices.u32(0..100) {
            0..60 => self.pend(index, choices),
            60..85 => {
                let _ = self.pends.cancel(index);
            }
            85..90 => self.cancel(wire::scope::TAG, choices.u64(0..TAGS)),
            90 => self.cancel(wire::scope::ALL, 0),
            // Long enough for timeouts.
            _ if choices.u32(0..500) == 0 => {
                thread::sleep(Duration::from_millis(choices.u64(0..12)));
            }
            _ => thread::yield_now(),
        }
        self.reap();
    }

    fn pend(&mut self, index: usize, choices: &mut Rng) {
        if self.taken.get(index) != Some(&false) {
            return;
        }
        let timeout = match choices.u32(0..10) {
            0..6 => 0,
            6..9 => choices.u32(1..8),
            _ => 60_000,
        };
        let input = pend_timed(choices.u64(0..TAGS), timeout, &PAYLOAD);
        match self.pends.send_with(index, &input) {
            status::PENDING => {
                self.tally.pended += 1;
                if let Some(taken) = self.taken.get_mut(index) {
                    *taken = true;
                }
            }
            status => self.tally.turn_away(status),
        }
    }

    fn cancel(&mut self, scope: u32, target: u64) {
        match self.cancel.send_with(0, cancel(scope, target).as_bytes()) {
            status::SUCCESS | status::NOT_FOUND => {}
            status => self.tally.turn_away(status),
        }
    }

    /// Counts what has ended; how many are left.
    fn reap(&mut self) -> usize {
        let mut left = 0;
        for (index, taken) in self.taken.iter_mut().enumerate().filter(|it| *it.1) {
            match self.pends.status(index) {
                Some(status) => {
                    self.tally.end(status);
                    *taken = false;
                }
                None => left += 1,
            }
        }
        left
    }

    /// After cleanup everything ends, without anybody's help.
    fn wait_for_all(&mut self) {
        let start = Instant::now();
        while self.reap() != 0 {
            if start.elapsed() > LIMIT {
                self.tally.lost += self.reap() as u64;
                return;
            }
            thread::yield_now();
        }
    }
}
