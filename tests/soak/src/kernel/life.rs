//! One life of the driver, from its loading to its unload.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use csq_protocol::{ioctl, wire};
use fastrand::Rng;
use ntsim::native::{Driver, Handle, pnp};
use zerocopy::FromBytes;

use super::tally::Tally;
use super::{Options, client, server};

/// Limits that the threads run into now and then.
const PARAMETERS: [(&str, u32); 2] = [("DeviceLimit", 48), ("HandleLimit", 24)];

/// What the threads of a life share.
pub struct Life<'driver> {
    pub driver: &'driver Driver,
    stop: AtomicBool,
}

impl Life<'_> {
    /// Whether the threads are to come to their end.
    pub fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Opens a handle, sooner or later; `None` when the device will take none any more.
    pub fn open(&self) -> Option<Handle<'_>> {
        while !self.is_over() {
            if let Ok(handle) = self.driver.open() {
                return Some(handle);
            }
            thread::yield_now();
        }
        None
    }
}

/// Loads the driver, lets it live, and unloads it.
pub fn live(file: &[u8], options: &Options, mut choices: Rng) -> Result<Tally> {
    let driver = Driver::start(file, &PARAMETERS).context("the driver does not start")?;
    let life = Life {
        driver: &driver,
        stop: AtomicBool::new(false),
    };
    let length = Duration::from_millis(choices.u64(1..=options.life));
    let pulled_out = choices.bool();
    let mut tally = thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..options.clients {
            let choices = choices.fork();
            threads.push(scope.spawn(|| client::run(&life, choices)));
        }
        for _ in 0..options.servers {
            let choices = choices.fork();
            threads.push(scope.spawn(|| server::run(&life, choices)));
        }
        let mut tally = manage(&life, length, &mut choices);
        if pulled_out {
            change(&life, pnp::SURPRISE_REMOVAL, &mut tally);
            tally.pulled_out += 1;
            // They notice by themselves.
            thread::sleep(Duration::from_millis(choices.u64(0..20)));
        }
        life.stop.store(true, Ordering::Relaxed);
        for thread in threads {
            match thread.join() {
                Ok(counted) => tally.add(counted),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        tally
    });
    if !pulled_out {
        match driver.open() {
            Ok(handle) => match account(&handle) {
                Some(account) => tally.compare(&account),
                None => tally.contradict("the account cannot be read in the end".into()),
            },
            Err(status) => tally.contradict(format!("no handle in the end: {status:#x}")),
        }
    }
    Ok(tally)
}

/// Does what the Plug and Play manager does to a device that is in use, and looks at the account.
fn manage(life: &Life<'_>, length: Duration, choices: &mut Rng) -> Tally {
    const SLICE: u64 = 40;
    /// Only when all agree is it done.
    const WALKS: [&[u8]; 4] = [
        &[pnp::QUERY_STOP_DEVICE, pnp::CANCEL_STOP_DEVICE],
        &[pnp::QUERY_STOP_DEVICE, pnp::STOP_DEVICE, pnp::START_DEVICE],
        &[pnp::QUERY_REMOVE_DEVICE, pnp::CANCEL_REMOVE_DEVICE],
        &[],
    ];
    let mut tally = Tally::default();
    let witness = life.driver.open().ok();
    let start = std::time::Instant::now();
    while start.elapsed() < length {
        thread::sleep(Duration::from_millis(choices.u64(0..SLICE)).min(length));
        if let Some(account) = witness.as_ref().and_then(account) {
            tally.snapshots += 1;
            tally.unbalanced += u64::from(!account.balances());
        }
        for minor in choices.choice(WALKS).unwrap_or_default() {
            change(life, *minor, &mut tally);
            thread::sleep(Duration::from_micros(choices.u64(0..500)));
        }
    }
    tally
}

fn change(life: &Life<'_>, minor: u8, tally: &mut Tally) {
    let status = life.driver.change(minor);
    tally.changes += 1;
    if status != csq_protocol::status::SUCCESS {
        tally.contradict(format!("{} ended with {status:#x}", pnp::name(minor)));
    }
}

/// The driver's account; `None` while the device gives none.
fn account(handle: &Handle<'_>) -> Option<wire::Statistics> {
    let length = size_of::<wire::Statistics>();
    let query = handle.requests(ioctl::QUERY_STATISTICS, &[], length, 1);
    let _ = query.send(0);
    wire::Statistics::read_from_bytes(&query.output(0)).ok()
}
