//! A thread that starts child processes and kills them.

use super::Run;
use crate::Error;
use crate::process::SecondProcess;
use crate::tally::Tally;
use std::thread;
use std::time::Duration;

/// Requests of a client process.
const REQUESTS: usize = 24;
/// Claims of a server process.
const CLAIMS: usize = 6;

/// The thread's life: clients and servers by turns.
pub(super) fn run(run: Run<'_>) -> Result<Tally, Error> {
    let mut choices = run.choices(3, 0);
    let mut tally = Tally::default();
    while !run.is_over() {
        let client = SecondProcess::pend(REQUESTS)?;
        tally.of_children += REQUESTS as u64;
        let server = SecondProcess::claim(CLAIMS)?;
        thread::sleep(Duration::from_millis(choices.u64(0..50)));
        if choices.bool() {
            client.kill();
            server.kill();
        } else {
            server.kill();
            client.kill();
        }
        tally.killed += 2;
    }
    Ok(tally)
}
