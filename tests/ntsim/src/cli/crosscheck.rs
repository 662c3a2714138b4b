//! `ntsim crosscheck`: the exhaustive search against schedules by chance.
//!
//! The search leaves schedules out that it takes for the same as others. So whatever state schedules by chance
//! reach, it must have reached; where it has not, ntsim is wrong, not the driver.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::scripts::Scripts;
use super::search::{self, order_name};
use super::{CLEAN, Driver, FAILED, FOUND, Kernel, refuse};
use crate::explore::{Body, Limits, Outcome, explore};
use crate::machine;
use crate::schedule::Strategy;
use crate::schedule::bounded::Bounded;
use crate::schedule::pct::Pct;
use crate::schedule::random::Random;
use crate::schedule::sleep_set::SleepSet;
use crate::settings::{CsqOrder, Points, Settings};

/// The arguments of `crosscheck`.
#[derive(Debug, Args)]
pub struct Crosscheck {
    #[command(flatten)]
    comparison: Comparison,
    #[command(flatten)]
    scripts: Scripts,
}

/// What to compare, and how thoroughly.
#[derive(Debug, Args)]
pub struct Comparison {
    /// The driver.
    driver: PathBuf,
    #[command(flatten)]
    kernel: Kernel,
    /// The order in which `IoCsqInsertIrp` works; all three if not given.
    #[arg(long, value_enum)]
    csq_order: Option<CsqOrder>,
    /// At most so many seconds of processor time for the exhaustive search of each scenario.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// So many schedules by each other strategy.
    #[arg(long, default_value_t = 300)]
    schedules: usize,
    /// The seed of those by chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What came of it.
#[derive(Default)]
struct Total {
    compared: usize,
    cut_off: usize,
    found: usize,
    wrong: usize,
    states: usize,
}

impl Crosscheck {
    /// Runs it and returns the exit code.
    #[must_use]
    pub fn execute(&self) -> u8 {
        match self.scripts.read() {
            Ok(asked) => {
                let scenarios = asked.iter().map(|it| (it.name(), it.body(false)));
                self.comparison.execute(&scenarios.collect::<Vec<_>>())
            }
            Err(sentence) => refuse(&sentence),
        }
    }
}

impl Comparison {
    /// Compares the strategies in these scenarios, and returns the exit code. All runs of a scenario begin with the same
    /// state: what is left on stacks is in what the driver sets up.
    #[must_use]
    pub fn execute(&self, scenarios: &[(String, Body)]) -> u8 {
        let driver = match Driver::read(&self.driver) {
            Ok(driver) => driver,
            Err(sentence) => return refuse(&sentence),
        };
        let orders = self
            .csq_order
            .map_or_else(|| CsqOrder::ALL.to_vec(), |order| vec![order]);
        let mut total = Total::default();
        for order in orders {
            let settings = Settings {
                csq_order: order,
                ..self.kernel.settings()
            };
            if let Err(sentence) = driver.install(settings) {
                return refuse(&sentence);
            }
            for (name, body) in scenarios {
                if let Err(panic) = self.compare(name, body, order, &mut total) {
                    eprintln!("ntsim: {name}: {panic}");
                    return FAILED;
                }
            }
        }
        println!(
            "{} scenarios compared, {} states; {} with a finding, {} not exhausted; {} in which the search was wrong",
            total.compared, total.states, total.found, total.cut_off, total.wrong
        );
        match total {
            Total { wrong: 1.., .. } => FAILED,
            Total { found: 1.., .. } => FOUND,
            _ => CLEAN,
        }
    }

    fn compare(
        &self,
        name: &str,
        body: &Body,
        order: CsqOrder,
        total: &mut Total,
    ) -> Result<(), String> {
        let time = Some(Duration::from_secs_f64(self.seconds));
        let limits = Limits {
            time,
            ..Limits::default()
        };
        let all = run(body, SleepSet::default(), limits, Points::default(), false)?;
        if let Some(found) = &all.found {
            total.found += 1;
            println!(
                "{}: {}",
                search::summary(name, order, &all),
                found.finding.rule.name
            );
            return Ok(());
        }
        if !all.exhausted {
            total.cut_off += 1;
            println!("{}", search::summary(name, order, &all));
            return Ok(());
        }
        total.compared += 1;
        total.states += all.states.len();
        let most = self.schedules;
        let others: [(&str, Box<dyn Strategy>, bool); 4] = [
            ("random", Box::new(Random::new(self.seed, most)), false),
            ("random, fine", Box::new(Random::new(self.seed, most)), true),
            ("pct", Box::new(Pct::new(self.seed, 3, most)), false),
            ("bounded", Box::new(Bounded::new(2)), false),
        ];
        let mut seen = 0;
        for (strategy, other, fine) in others {
            let limits = Limits {
                schedules: Some(most),
                time,
                ..Limits::default()
            };
            let points = all.learned.points.clone();
            let outcome = run(body, other, limits, points, fine)?;
            let order = order_name(order);
            if let Some(found) = &outcome.found {
                total.wrong += 1;
                println!(
                    "WRONG: {name} ({order}): {strategy} finds {}: {}; the exhaustive search finds nothing",
                    found.finding.rule.name, found.finding.message
                );
            }
            let missed: BTreeSet<_> = outcome.states.difference(&all.states).collect();
            if !missed.is_empty() {
                total.wrong += 1;
                println!(
                    "WRONG: {name} ({order}): {strategy} reaches {} states of which the exhaustive search does not reach {} (it reaches {})",
                    outcome.states.len(),
                    missed.len(),
                    all.states.len()
                );
            }
            seen = seen.max(outcome.states.len());
        }
        println!(
            "{}, {} states, {seen} of them by another strategy",
            search::summary(name, order, &all),
            all.states.len()
        );
        Ok(())
    }
}

/// Explores a scenario in one way, with these points; `fine` lets others come before each access to memory.
fn run(
    body: &Body,
    strategy: impl Strategy + 'static,
    limits: Limits,
    points: Points,
    fine: bool,
) -> Result<Outcome, String> {
    let set = |points, fine| {
        machine::with(|machine| {
            machine.settings.points = points;
            machine.settings.fine = fine;
        });
    };
    set(points, fine);
    let body = Body::clone(body);
    let outcome = explore(strategy, limits, |_| {}, move || body());
    set(Points::default(), false);
    match outcome.broken {
        Some(panic) => Err(panic),
        None => Ok(outcome),
    }
}
