//! csq.sys in Wine, through Win32.
//!
//! A life of the driver: `csqctl install`, `csqctl stress` with processes that are killed, and
//! `csqctl uninstall`, every other time while requests are pending.

use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::Common;
use crate::clock::Clock;
use crate::memory::{self, Resident};

const PROGRAM: &str = r"C:\csq\csqctl.exe";
/// The exit codes of wine-host when it could not do its own part, and when the program did not start.
const NOT_RUN: [i32; 2] = [125, 127];
/// `ERROR_INTERNAL_ERROR`, which Wine gives a program whose new process ended before it began.
const NOT_BEGUN: &str = "(os error 1359)";
/// Requests that are pending when the device goes.
const PENDING: usize = 8;
/// How long a program may take.
const LIMIT: Duration = Duration::from_secs(90);

#[derive(Args, Debug)]
pub struct Options {
    /// The program that runs others in Wine.
    #[arg(long, value_name = "FILE", default_value = "target/host/wine-host")]
    host: PathBuf,
    /// Seconds of `csqctl stress` in each life.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    stress: u64,
    #[command(flatten)]
    common: Common,
}

/// What the summary says.
#[derive(Default, Serialize)]
struct Summary {
    seed: u64,
    seconds: f64,
    /// How often the driver was installed and uninstalled.
    lives: u64,
    /// How often it was uninstalled with requests pending.
    removed_in_use: u64,
    /// How often a program was started again, because Wine had not run it.
    repeated: u64,
    /// What `csqctl stress` counted.
    pended: u64,
    of_children: u64,
    killed: u64,
    answered: u64,
    canceled: u64,
    timed_out: u64,
    gone: u64,
    closed: u64,
    snapshots: u64,
    unbalanced: u64,
    /// Of the processes in which Wine runs drivers and devices, and of its server.
    resident_kib: Resident,
    wrong: Vec<String>,
}

/// Runs the soak.
///
/// # Errors
/// Wine does not run, or the driver cannot be installed at the beginning.
pub fn run(options: &Options) -> Result<ExitCode> {
    let seed = options.common.seed();
    println!(
        "soak wine --seconds {} --seed {seed}",
        options.common.seconds
    );
    let mut clock = Clock::start(options.common.seconds)?;
    let mut choices = fastrand::Rng::with_seed(seed);
    let mut summary = Summary {
        seed,
        ..Summary::default()
    };
    let _ = csqctl(options, &mut summary, &["uninstall"])?;
    while clock.goes_on() && summary.wrong.is_empty() {
        // 53 bits, which every reader of JSON keeps.
        let seed = choices.u64(..1 << 53);
        let in_use = choices.bool();
        live(options, seed, in_use, &mut summary)?;
        summary.lives += 1;
        let names = ["winedevice.exe", "wineserver64", "wineserver"];
        let processes = names.into_iter().flat_map(memory::processes);
        let resident = processes.filter_map(|process| memory::resident(&process));
        summary.resident_kib.sample(resident.sum());
        summary.wrong.extend(summary.resident_kib.growth("Wine"));
        clock.show(|| {
            let (lives, pended) = (summary.lives, summary.pended);
            format!("{lives} lives, {pended} requests")
        });
    }
    clock.finish();
    summary.seconds = clock.elapsed().as_secs_f64();
    print(&summary);
    options.common.finish(&summary, &summary.wrong)
}

fn live(options: &Options, seed: u64, in_use: bool, summary: &mut Summary) -> Result<()> {
    let installed = csqctl(options, summary, &["install", "--inf", r"C:\csq\csq.inf"])?;
    if !installed.status.success() {
        bail!("csqctl install: {}", told(&installed));
    }
    let (seconds, text) = (options.stress.to_string(), seed.to_string());
    let arguments = [
        "stress",
        "--json",
        "--kill-children",
        "--seconds",
        &seconds,
        "--seed",
        &text,
    ];
    let stress = csqctl(options, summary, &arguments)?;
    match serde_json::from_slice::<Value>(&stress.stdout) {
        Ok(report) if stress.status.success() => summary.add(&report),
        _ => summary.wrong.push(format!(
            "csqctl stress --seed {seed}: {}, {}",
            stress.status,
            told(&stress)
        )),
    }
    let pending = in_use.then(|| pend(options, summary)).transpose()?;
    let removed = csqctl(options, summary, &["uninstall"])?;
    if !removed.status.success() {
        summary
            .wrong
            .push(format!("csqctl uninstall: {}", told(&removed)));
    }
    if let Some(pending) = pending {
        summary.removed_in_use += 1;
        if let Err(error) = wait_for_end(pending) {
            summary.wrong.push(format!("{error:#}"));
        }
    }
    Ok(())
}

/// Starts a process that leaves requests, and waits until they are there.
fn pend(options: &Options, summary: &mut Summary) -> Result<Child> {
    let mut child = start_pend(options)?;
    let mut again = true;
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        let stats = csqctl(options, summary, &["stats", "--json"])?;
        let stats: Value = serde_json::from_slice(&stats.stdout).unwrap_or_default();
        if stats.get("pending").and_then(Value::as_u64) == Some(PENDING as u64) {
            return Ok(child);
        }
        // Requests that nobody answers keep the process; so it never began.
        if again && child.try_wait()?.is_some() {
            again = false;
            summary.repeated += 1;
            child = start_pend(options)?;
        }
    }
    bail!("the requests of csqctl pend do not come");
}

fn start_pend(options: &Options) -> Result<Child> {
    let count = PENDING.to_string();
    let mut command = command(options);
    command.args(["pend", "--json", "--count", &count]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    Ok(command.spawn()?)
}

/// All requests end because the device goes, and with them the process.
fn wait_for_end(mut child: Child) -> Result<()> {
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > LIMIT {
            child.kill()?;
            bail!("requests are pending although their device is gone");
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn command(options: &Options) -> Command {
    let mut command = Command::new(&options.host);
    let limit = LIMIT.as_secs().to_string();
    command.args(["run", "--time-limit", &limit, "--", PROGRAM]);
    command
}

/// Runs csqctl. What Wine did not run is not the driver's doing: it is run once more, and counted. If it
/// is, that fails too.
fn csqctl(options: &Options, summary: &mut Summary, arguments: &[&str]) -> Result<Output> {
    let run = || {
        command(options).args(arguments).output().with_context(|| {
            format!(
                "cannot start {}; `cargo make demo` builds it and sets up Wine",
                options.host.display()
            )
        })
    };
    let output = run()?;
    let code = output.status.code().unwrap_or_default();
    let lost = NOT_RUN.contains(&code) || (code != 0 && told(&output).ends_with(NOT_BEGUN));
    if lost {
        summary.repeated += 1;
        return run();
    }
    Ok(output)
}

/// The last thing that a program said.
fn told(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    text.trim().lines().next_back().unwrap_or_default().into()
}

impl Summary {
    /// Adds a report of `csqctl stress`.
    fn add(&mut self, report: &Value) {
        let count = |name| report.pointer(&format!("/tally/{name}"))?.as_u64();
        for (sum, name) in [
            (&mut self.pended, "pended"),
            (&mut self.of_children, "of_children"),
            (&mut self.killed, "killed"),
            (&mut self.answered, "answered"),
            (&mut self.canceled, "canceled"),
            (&mut self.timed_out, "timed_out"),
            (&mut self.gone, "gone"),
            (&mut self.closed, "closed"),
            (&mut self.snapshots, "snapshots"),
            (&mut self.unbalanced, "unbalanced"),
        ] {
            match count(name) {
                Some(count) => *sum += count,
                None => self
                    .wrong
                    .push(format!("csqctl stress says nothing of {name:?}")),
            }
        }
    }
}

fn print(summary: &Summary) {
    println!(
        "{:.0} s: {} times installed and uninstalled, {} of them with requests pending, {} programs started twice",
        summary.seconds, summary.lives, summary.removed_in_use, summary.repeated
    );
    println!(
        "{} requests, and {} of child processes, of which {} were killed",
        summary.pended, summary.of_children, summary.killed
    );
    println!(
        "{} answered, {} canceled, {} timed out, {} answers too late, {} handles closed",
        summary.answered, summary.canceled, summary.timed_out, summary.gone, summary.closed
    );
    let resident = &summary.resident_kib;
    println!(
        "{} snapshots, {} out of balance; resident {} KiB at first, {} at most, {} in the end",
        summary.snapshots, summary.unbalanced, resident.first, resident.most, resident.last
    );
}
