//! A thread that answers requests, or leaves them.

use super::Run;
use crate::Error;
use crate::device::{Claimed, Client, Reply, Server};
use crate::tally::{FAILURE, Tally};
use csq_protocol::status;
use fastrand::Rng;
use std::thread;
use std::time::Duration;

/// The longest answer. Some do not fit.
const LENGTH: usize = 80;
/// How many claims a server leaves unanswered at most.
const MOST: u32 = 8;

/// The thread's life: one server after another.
pub(super) fn run(run: Run<'_>, number: u32) -> Result<Tally, Error> {
    let mut choices = run.choices(2, number);
    let mut tally = Tally::default();
    while !run.is_over() {
        serve(run, &mut choices, &mut tally)?;
        tally.closed += 1;
    }
    Ok(tally)
}

/// A server's life. What it leaves goes back when it ends.
fn serve(run: Run<'_>, choices: &mut Rng, tally: &mut Tally) -> Result<(), Error> {
    let mut server = Server::new(Client::open()?, choices.usize(1..=6));
    let mut left = 0;
    while left < MOST {
        if choices.u32(0..10) == 0 {
            // Past the claims: the oldest pending one, if there is one.
            let completed = server.client().complete_next(answer(choices).as_slice())?;
            tally.answered += u64::from(completed.is_some());
            continue;
        }
        let Some(claimed) = server.next(run.stop)? else {
            return Ok(());
        };
        match choices.u32(0..100) {
            0..4 => left += 1,
            4..10 => {
                thread::sleep(Duration::from_millis(choices.u64(0..8)));
                complete(&server, &claimed, choices, tally)?;
            }
            _ => complete(&server, &claimed, choices, tally)?,
        }
    }
    Ok(())
}

fn complete(
    server: &Server,
    claimed: &Claimed,
    choices: &mut Rng,
    tally: &mut Tally,
) -> Result<(), Error> {
    let payload = answer(choices);
    let reply = if choices.u32(0..10) == 0 {
        Reply {
            status: FAILURE,
            payload: &[],
        }
    } else {
        Reply {
            status: status::SUCCESS,
            payload: &payload,
        }
    };
    match server.client().complete(claimed.id, reply)? {
        Some(_) => tally.answered += 1,
        None => tally.gone += 1,
    }
    Ok(())
}

fn answer(choices: &mut Rng) -> Vec<u8> {
    let mut payload = vec![0; choices.usize(0..=LENGTH)];
    choices.fill(&mut payload);
    payload
}
