//! `csqctl stress`: clients and servers at random, and an account that must agree with the driver's.

use super::alone;
use crate::arguments::Stress;
use crate::checks::Checks;
use crate::device::{Client, Event};
use crate::output::Output;
use crate::rates::{self, Rates};
use crate::tally::Tally;
use crate::text::counted;
use crate::{Error, account::Account, interrupt};
use behaviors::account::Change;
use csq_protocol::wire::Statistics;
use serde_json::json;
use std::sync::Mutex;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

mod children;
mod clients;
mod servers;

/// How long the device may take to come to rest, and a canceled request to end.
const LIMIT: Duration = Duration::from_secs(20);

/// What the threads of one kind have in common.
#[derive(Clone, Copy)]
struct Run<'a> {
    seed: u64,
    /// Set when they are to end.
    stop: &'a Event,
    /// Held by the client that makes requests up to its limit, so that all of them together stay
    /// below the device's.
    greed: &'a Mutex<()>,
}

impl Run<'_> {
    fn is_over(&self) -> bool {
        self.stop.wait(Some(Duration::ZERO))
    }

    /// The choices of one thread.
    fn choices(&self, role: u64, number: u32) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed ^ role << 32 ^ u64::from(number) << 40)
    }
}

pub(super) fn run(arguments: &Stress, output: Output) -> Result<(), Error> {
    let interrupted = interrupt::on_ctrl_c()?;
    alone::require()?;
    let observer = Client::open()?;
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    output.say(format_args!(
        "{} and {} for {}, --seed {seed}",
        counted(arguments.clients, "client thread"),
        counted(arguments.servers, "server thread"),
        counted(arguments.seconds, "second"),
    ));
    let since = Instant::now();
    let before = observer.statistics()?;
    let tally = all(arguments, seed, &observer, &interrupted, output)?;
    let after = at_rest(&observer)?;
    let change = Change::between(&before, &after);
    let checks = tally.compare(&change);
    report(&tally, &checks, &after, seed, since.elapsed(), output);
    if !checks.are_good() {
        let (failed, all) = (checks.failed(), checks.all());
        return Err(Error::ChecksFailed { failed, all });
    }
    if interrupted.wait(Some(Duration::ZERO)) {
        return Err(Error::Interrupted);
    }
    Ok(())
}

/// Runs all threads until the time is over, or Ctrl-C; the sum of what they counted.
fn all(
    arguments: &Stress,
    seed: u64,
    observer: &Client,
    interrupted: &Event,
    output: Output,
) -> Result<Tally, Error> {
    let new_event = || Event::new().map_err(|error| Error::system("making an event", error));
    // Children end first and servers last, so that nobody waits for somebody who is gone.
    let stops = [new_event()?, new_event()?, new_event()?];
    let greed = Mutex::new(());
    let [of_children, of_clients, of_servers] = stops.each_ref().map(|stop| Run {
        seed,
        stop,
        greed: &greed,
    });
    thread::scope(|scope| {
        let servers: Vec<_> = (0..arguments.servers)
            .map(|number| scope.spawn(move || servers::run(of_servers, number)))
            .collect();
        let clients: Vec<_> = (0..arguments.clients)
            .map(|number| scope.spawn(move || clients::run(of_clients, number)))
            .collect();
        let mut children = Vec::new();
        if arguments.kill_children {
            children.push(scope.spawn(move || children::run(of_children)));
        }
        let seconds = Duration::from_secs(arguments.seconds.into());
        let watched = watch(observer, seconds, interrupted, output);
        let mut sum = Ok(Tally::default());
        for (stop, threads) in stops.iter().zip([children, clients, servers]) {
            stop.set();
            for tally in threads.into_iter().map(joined) {
                sum = add(sum, tally);
            }
        }
        add(sum, watched)
    })
}

/// What a thread counted.
fn joined<V>(thread: ScopedJoinHandle<'_, V>) -> V {
    match thread.join() {
        Ok(counted) => counted,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The sum, or the first error.
fn add(sum: Result<Tally, Error>, tally: Result<Tally, Error>) -> Result<Tally, Error> {
    let mut sum = sum?;
    sum.add(tally?);
    Ok(sum)
}

/// Takes one snapshot after the other until the time is over, and shows one each second.
fn watch(
    observer: &Client,
    time: Duration,
    interrupted: &Event,
    output: Output,
) -> Result<Tally, Error> {
    const SECOND: Duration = Duration::from_secs(1);
    let since = Instant::now();
    let mut tally = Tally::default();
    let mut shown = (Account::from(&observer.statistics()?), since);
    let mut rows = 0;
    while since.elapsed() < time && !interrupted.wait(Some(Duration::from_millis(1))) {
        let now = Account::from(&observer.statistics()?);
        tally.snapshots += 1;
        tally.unbalanced += u64::from(!now.balances);
        let at = Instant::now();
        if at - shown.1 >= SECOND {
            if rows % rates::ROWS_PER_HEADING == 0 {
                output.say(rates::heading());
            }
            rows += 1;
            output.say(Rates::between(&shown.0, &now, at - shown.1).row(&now));
            shown = (now, at);
        }
    }
    Ok(tally)
}

/// The account when only this program's handle is left, or as it is when that does not come.
fn at_rest(observer: &Client) -> Result<Statistics, Error> {
    let since = Instant::now();
    loop {
        let now = observer.statistics()?;
        let left = now.pending.get() + now.claimed.get() + now.waiting.get();
        if (now.handles.get(), left) == (1, 0) || since.elapsed() > LIMIT {
            return Ok(now);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn report(
    tally: &Tally,
    checks: &Checks,
    after: &Statistics,
    seed: u64,
    took: Duration,
    output: Output,
) {
    let verdict = if checks.are_good() {
        "the accounts agree"
    } else {
        "THE ACCOUNTS DO NOT AGREE"
    };
    let requests = tally.pended + tally.of_children;
    output.result(
        format_args!(
            "\n{} in {:.1} s: {} completed, {} canceled or flushed, {} timed out\n\
             {} too late; {} closed early, {} killed, {} refused at a limit\n\
             {} of the account, {} out of balance\n{}{verdict} ({}, --seed {seed})",
            counted(requests, "request"),
            took.as_secs_f64(),
            tally.answered,
            requests.saturating_sub(tally.answered + tally.timed_out),
            tally.timed_out,
            counted(tally.gone, "answer"),
            counted(tally.closed, "handle"),
            counted(tally.killed, "child process"),
            tally.refused,
            counted(tally.snapshots, "snapshot"),
            tally.unbalanced,
            checks.failures(),
            counted(checks.all(), "check"),
        ),
        &json!({
            "seed": seed,
            "seconds": took.as_secs_f64(),
            "tally": tally,
            "account": Account::from(after),
            "checks": checks,
            "good": checks.are_good(),
        }),
    );
}
