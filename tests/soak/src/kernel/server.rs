//! A thread that answers requests, or leaves them.

use std::thread;
use std::time::Duration;

use csq_protocol::message::{self, claim, complete_next};
use csq_protocol::{ioctl, status, wire};
use fastrand::Rng;
use ntsim::native::{Handle, Requests};
use zerocopy::{FromBytes, IntoBytes};

use super::life::Life;
use super::tally::{FAILURE, Tally};

/// Claims of a handle at once.
const CLAIMS: usize = 4;
/// Bytes of an answer. Some requests have no room for it.
const PAYLOAD: [u8; 40] = [0xa5; 40];

/// The thread's life: one handle after the other.
pub fn run(life: &Life<'_>, mut choices: Rng) -> Tally {
    let mut tally = Tally::default();
    while let Some(handle) = life.open() {
        serve(life, &handle, &mut choices, &mut tally);
        tally.closed += 1;
        // What it has claimed goes back.
        handle.cleanup();
    }
    tally
}

/// What a server asks the driver.
struct Server<'a> {
    claims: &'a Requests<'a>,
    next: &'a Requests<'a>,
    succeed: &'a Requests<'a>,
    fail: &'a Requests<'a>,
    tally: &'a mut Tally,
}

fn serve(life: &Life<'_>, handle: &Handle<'_>, choices: &mut Rng, tally: &mut Tally) {
    let (completed, delivered) = (size_of::<wire::Completed>(), size_of::<wire::Delivered>());
    let claims = handle.requests(
        ioctl::CLAIM,
        claim(wire::claim::WAIT).as_bytes(),
        message::ANY_ROOM,
        CLAIMS,
    );
    let mut server = Server {
        claims: &claims,
        next: &handle.requests(ioctl::COMPLETE_NEXT, &complete_next(&PAYLOAD), completed, 1),
        succeed: &handle.requests(ioctl::COMPLETE, &complete(0, false), delivered, 1),
        fail: &handle.requests(ioctl::COMPLETE, &complete(0, true), delivered, 1),
        tally,
    };
    let mut sent = [false; CLAIMS];
    for _ in 0..choices.u32(1..3000) {
        if life.is_over() {
            break;
        }
        for (index, sent) in sent.iter_mut().enumerate() {
            if !*sent {
                *sent = true;
                let _ = claims.send(index);
            }
            if let Some(status) = claims.status(index) {
                *sent = false;
                server.claimed(index, status, choices);
            }
        }
        match choices.u32(0..20) {
            0 => server.complete_next(),
            1 => {
                let _ = claims.cancel(choices.usize(0..CLAIMS));
            }
            _ if choices.u32(0..2000) == 0 => {
                thread::sleep(Duration::from_millis(choices.u64(0..12)));
            }
            _ => thread::yield_now(),
        }
    }
    handle.cleanup();
    // They are cleaned up now, so this comes to an end.
    while claims.outstanding() != 0 {
        thread::yield_now();
    }
}

impl Server<'_> {
    /// A claim has ended: answers the request, mostly.
    fn claimed(&mut self, index: usize, status: u32, choices: &mut Rng) {
        match status {
            status::SUCCESS => {}
            status::CANCELLED => return,
            status => return self.tally.turn_away(status),
        }
        let Ok((claimed, _)) = wire::Claimed::read_from_prefix(&self.claims.output(index)) else {
            return self
                .tally
                .contradict("a claim came back with too little".into());
        };
        if choices.u32(0..25) == 0 {
            return;
        }
        let fails = choices.u32(0..10) == 0;
        let answer = if fails { self.fail } else { self.succeed };
        match answer.send_with(0, &complete(claimed.id.get(), fails)) {
            status::SUCCESS => self.tally.answered += 1,
            status::NOT_FOUND => self.tally.too_late += 1,
            status => self.tally.turn_away(status),
        }
    }

    /// Past the claims: the oldest pending one, if there is one.
    fn complete_next(&mut self) {
        match self.next.send(0) {
            status::SUCCESS => self.tally.answered += 1,
            status::NOT_FOUND => {}
            status => self.tally.turn_away(status),
        }
    }
}

/// Input of `COMPLETE`.
fn complete(id: u64, fails: bool) -> Vec<u8> {
    if fails {
        message::complete(id, FAILURE, &[])
    } else {
        message::complete(id, status::SUCCESS, &PAYLOAD)
    }
}
