//! csq.sys on real threads.
//!
//! A life of the driver: `DriverEntry`, `AddDevice`, start; clients and servers at random, a Plug and
//! Play manager that stops, starts and asks; then removal, with everything in use or not, and unload.

mod client;
mod life;
mod server;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use crate::Common;
use crate::clock::Clock;
use crate::memory::{self, Resident};
use tally::Tally;

/// A life takes seconds. One that takes this long will never end.
const WEDGED: Duration = Duration::from_mins(2);

#[derive(Args, Debug)]
pub struct Options {
    /// The csq.sys.
    #[arg(default_value = "target/package/csq.sys")]
    driver: PathBuf,
    /// Threads that make requests.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=16))]
    clients: u32,
    /// Threads that answer them.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=16))]
    servers: u32,
    /// The longest that a life may last, in milliseconds, before the device is removed.
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    life: u64,
    #[command(flatten)]
    common: Common,
}

/// What the summary says.
#[derive(Serialize)]
struct Summary {
    seed: u64,
    seconds: f64,
    /// How often the driver was loaded and unloaded.
    lives: u64,
    #[serde(flatten)]
    tally: Tally,
    /// Bytes that the driver had from the pool after its unload.
    pool_left: usize,
    resident_kib: Resident,
    wrong: Vec<String>,
}

/// Runs the soak.
///
/// # Errors
/// The driver cannot be read or started.
pub fn run(options: &Options) -> Result<ExitCode> {
    let file = std::fs::read(&options.driver)
        .with_context(|| format!("{}; `cargo make` builds it", options.driver.display()))?;
    let seed = options.common.seed();
    println!(
        "soak kernel --seconds {} --seed {seed}",
        options.common.seconds
    );
    let mut clock = Clock::start(options.common.seconds)?;
    let lives = watch_for_a_wedge();
    let mut choices = fastrand::Rng::with_seed(seed);
    let mut summary = Summary {
        seed,
        seconds: 0.0,
        lives: 0,
        tally: Tally::default(),
        pool_left: 0,
        resident_kib: Resident::default(),
        wrong: Vec::new(),
    };
    while clock.goes_on() && summary.wrong.is_empty() {
        let life = life::live(&file, options, choices.fork())?;
        lives.fetch_add(1, Ordering::Relaxed);
        summary.lives += 1;
        summary.tally.add(life);
        (summary.pool_left, _) = ntsim::native::pool_use();
        if let Some(now) = memory::resident("self") {
            summary.resident_kib.sample(now);
        }
        summary.wrong = wrong(&summary);
        clock.show(|| {
            let (lives, pended) = (summary.lives, summary.tally.pended);
            format!("{lives} lives, {pended} requests")
        });
    }
    clock.finish();
    summary.seconds = clock.elapsed().as_secs_f64();
    print(&summary);
    options.common.finish(&summary, &summary.wrong)
}

fn wrong(summary: &Summary) -> Vec<String> {
    let mut wrong = summary.tally.wrong();
    if summary.pool_left != 0 {
        wrong.push(format!(
            "{} bytes of pool are left after unload",
            summary.pool_left
        ));
    }
    wrong.extend(summary.resident_kib.growth("this process"));
    wrong
}

/// Ends the process when no life comes to its end: threads that wait for ever cannot be ended.
fn watch_for_a_wedge() -> Arc<AtomicU64> {
    let lives = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&lives);
    thread::spawn(move || {
        let mut seen = u64::MAX;
        loop {
            let now = count.load(Ordering::Relaxed);
            if now == seen {
                println!(
                    "WRONG: life {now} has not ended within {} s",
                    WEDGED.as_secs()
                );
                std::process::exit(1);
            }
            seen = now;
            thread::sleep(WEDGED);
        }
    });
    lives
}

fn print(summary: &Summary) {
    let tally = &summary.tally;
    println!(
        "{:.0} s: {} lives of the driver, {} of which ended by surprise; {} other changes by Plug and Play",
        summary.seconds, summary.lives, tally.pulled_out, tally.changes
    );
    println!(
        "{} requests were taken and {} have ended:",
        tally.pended,
        tally.ended()
    );
    for (status, count) in tally.endings() {
        println!("  {count:>12}  {status}");
    }
    println!(
        "{} refused at a limit, {} by a device that was not started; {} snapshots, {} out of balance",
        tally.refused, tally.turned_away, tally.snapshots, tally.unbalanced
    );
    let resident = &summary.resident_kib;
    println!(
        "pool left {} bytes; resident {} KiB at first, {} at most, {} in the end",
        summary.pool_left, resident.first, resident.most, resident.last
    );
}
