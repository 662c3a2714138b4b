//! Says how much of csq.sys is executed by the comparison with the model, by the inputs of its fuzzers,
//! and by the required behaviors: `cargo make test coverage`.
//!
//! Exit codes: 0 when enough is executed and what is not is explained in `uncovered.md`, 1 when not, 2
//! when csq.sys or the table cannot be read, or a run found a fault.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Parser;
use differential::coverage::{self, Reachable};
use differential::{Case, Kernel, Race, corpus, duel, input, machine, race};
use indicatif::ProgressBar;
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// The goal, in percent.
const GOAL: f64 = 97.0;

/// In how many orders each required behavior and each scenario is run.
const SCHEDULES: usize = 10;

/// In how many orders scenarios are run in the first kernel: what is decided while a request is on its way
/// is late in the search.
const MANY_SCHEDULES: usize = 400;

/// Runs csq.sys beside its model, and says which of its instructions were executed.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many cases and races are drawn, always the same ones.
    #[arg(long, default_value_t = 1500)]
    cases: usize,
    /// Writes the result as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match measure(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("coverage: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn measure(arguments: &Arguments) -> Result<bool> {
    let reachable = coverage::reachable(&machine::path())?;
    let table =
        std::fs::read_to_string(machine::in_checkout("tests/hunt/differential/uncovered.md"))?;
    coverage::begin(&reachable);
    execute(arguments.cases)?;
    let missed = coverage::missed(&reachable);

    let all = count(&reachable);
    let percent = 100.0 * (1.0 - count(&missed) / all);
    let explained = |name: &str| table.contains(&format!("| `{name}` |"));
    if arguments.json {
        let missed = missed
            .iter()
            .map(|(name, own)| (name.clone(), own.len().into()));
        let missed: serde_json::Map<_, _> = missed.collect();
        println!(
            "{}",
            serde_json::json!({ "instructions": all, "percent": percent, "missed": missed })
        );
    } else {
        println!("| function | not executed | at | explained |");
        println!("|---|--:|---|---|");
        for (name, own) in &missed {
            let answer = if explained(name) { "yes" } else { "NO" };
            let places: Vec<String> = own.iter().map(|offset| format!("{offset:#x}")).collect();
            println!(
                "| `{name}` | {} | {} | {answer} |",
                own.len(),
                places.join(" ")
            );
        }
        println!(
            "{percent:.1} % of {all} instructions that can be reached were executed (goal {GOAL} %)"
        );
    }
    Ok(percent >= GOAL && missed.keys().all(|name| explained(name)))
}

/// How many instructions.
fn count(reachable: &Reachable) -> f64 {
    let count: usize = reachable
        .values()
        .map(std::collections::BTreeSet::len)
        .sum();
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Runs the same cases each time, and the fuzzers' inputs.
fn execute(cases: usize) -> Result<()> {
    let wrong = |text: String| anyhow!("csq.sys and its model differ: {text}");
    let bar = ProgressBar::new(cases as u64);
    let mut runner = TestRunner::deterministic();
    for _ in 0..cases {
        let case = draw(any::<Case>(), &mut runner)?;
        duel::run(&case).map_err(wrong)?;
        let case = draw(any::<Race>(), &mut runner)?;
        race::run(&case).map_err(wrong)?;
        bar.inc(1);
    }
    replay("ioctl", input::ioctl)?;
    replay("sequence", input::sequence)?;
    replay("race", input::race)?;
    machine::run_behaviors(Kernel::plain(12), SCHEDULES).map_err(wrong)?;
    let schedules = std::iter::once(MANY_SCHEDULES).chain(std::iter::repeat(SCHEDULES));
    for (kernel, schedules) in Kernel::all().zip(schedules) {
        machine::run_scenarios(kernel, schedules).map_err(wrong)?;
        machine::run_faults(kernel).map_err(wrong)?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn draw<S: Strategy>(strategy: S, runner: &mut TestRunner) -> Result<S::Value> {
    let tree = strategy.new_tree(runner);
    Ok(tree.map_err(|reason| anyhow!("{reason}"))?.current())
}

/// Runs each input of a fuzzer's corpus.
fn replay(name: &str, run: impl Fn(&[u8]) -> Result<(), String>) -> Result<()> {
    let file = machine::in_checkout("tests/hunt/fuzz/corpus").join(format!("{name}.hex"));
    for bytes in corpus::read(&file)? {
        run(&bytes).map_err(|text| anyhow!("csq.sys and its model differ: {text}"))?;
    }
    Ok(())
}
