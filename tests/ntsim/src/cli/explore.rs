//! `ntsim explore`: scenarios in every order.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::{BAD_INPUT, CLEAN, Driver, FAILED, FOUND, Kernel, refuse};
use crate::explore::{Limits, Outcome, explore};
use crate::report;
use crate::scenario::Scenario;
use crate::schedule::Strategy;
use crate::schedule::bounded::Bounded;
use crate::schedule::pct::Pct;
use crate::schedule::random::Random;
use crate::schedule::replay::{self, Replay};
use crate::schedule::sleep_set::SleepSet;
use crate::settings::{CsqOrder, Settings};

/// How to go through the schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// All, one of each kind that can differ.
    SleepSet,
    /// All with at most `--bound` preemptions.
    Bounded,
    /// Each decision by chance, from `--seed`.
    Random,
    /// Random priorities with `--bound` changes, from `--seed`.
    Pct,
}

/// The arguments of `explore`.
#[derive(Debug, Args)]
pub struct Explore {
    /// The driver.
    driver: PathBuf,
    /// Actors joined by `+`, such as pend+cancel+complete-next. Behind an @, words joined by commas:
    /// dispatch lets them call at `DISPATCH_LEVEL` where that is allowed; claimed, returned or waiting say
    /// how it is when they begin; limit-1 lets the device take one request at once. All pairs, triples
    /// and scenarios with claims and timeouts if there is none.
    scenario: Vec<Scenario>,
    /// How to go through the schedules.
    #[arg(long, value_enum, default_value_t = Kind::SleepSet)]
    strategy: Kind,
    /// The order in which `IoCsqInsertIrp` works; all three if not given.
    #[arg(long, value_enum)]
    csq_order: Option<CsqOrder>,
    /// Preemptions (bounded) or changes of priority (pct).
    #[arg(long, default_value_t = 2)]
    bound: usize,
    /// The seed of random and pct.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// At most so many schedules per scenario.
    #[arg(long)]
    schedules: Option<usize>,
    /// At most so many seconds per scenario.
    #[arg(long)]
    seconds: Option<f64>,
    /// Single-steps the driver and looks for data races.
    #[arg(long)]
    races: bool,
    #[command(flatten)]
    kernel: Kernel,
    /// Stops at the first finding.
    #[arg(long)]
    first: bool,
    /// Runs exactly this schedule again, as a report printed it.
    #[arg(long, requires = "scenario")]
    replay: Option<String>,
}

/// What came of all scenarios.
#[derive(Default)]
struct Total {
    scenarios: usize,
    exhausted: usize,
    schedules: usize,
    code: u8,
}

impl Explore {
    /// Runs it and returns the exit code.
    pub fn execute(&self) -> u8 {
        let driver = match Driver::read(&self.driver) {
            Ok(driver) => driver,
            Err(sentence) => return refuse(&sentence),
        };
        let orders = self
            .csq_order
            .map_or_else(|| CsqOrder::ALL.to_vec(), |order| vec![order]);
        let scenarios = self.scenarios();
        let mut total = Total::default();
        let start = Instant::now();
        for order in orders {
            let settings = Settings {
                csq_order: order,
                races: self.races,
                ..self.kernel.settings()
            };
            if let Err(sentence) = driver.install(settings) {
                return refuse(&sentence);
            }
            for scenario in &scenarios {
                total.code = total.code.max(self.explore(scenario, order, &mut total));
                if total.code >= BAD_INPUT || (self.first && total.code == FOUND) {
                    return total.code;
                }
            }
        }
        if total.scenarios > 1 {
            println!(
                "{} scenarios, {} exhausted, {} bounded; {} schedules in {:.1} s",
                total.scenarios,
                total.exhausted,
                total.scenarios - total.exhausted,
                total.schedules,
                start.elapsed().as_secs_f64()
            );
        }
        total.code
    }

    fn scenarios(&self) -> Vec<Scenario> {
        if self.scenario.is_empty() {
            Scenario::sets(2)
                .into_iter()
                .chain(Scenario::sets(3))
                .chain(Scenario::broker())
                .collect()
        } else {
            self.scenario.clone()
        }
    }

    fn strategy(&self) -> Result<Box<dyn Strategy>, String> {
        if let Some(text) = &self.replay {
            return Ok(Box::new(Replay::new(replay::decode(text)?)));
        }
        let most = self.schedules.unwrap_or(10_000);
        Ok(match self.strategy {
            Kind::SleepSet => Box::new(SleepSet::default()),
            Kind::Bounded => Box::new(Bounded::new(self.bound)),
            Kind::Random => Box::new(Random::new(self.seed, most)),
            Kind::Pct => Box::new(Pct::new(self.seed, self.bound + 1, most)),
        })
    }

    /// What a person gave, or a time that lets all pairs and triples end within minutes.
    fn limits(&self) -> Limits {
        const DEFAULT_SECONDS: f64 = 1.0;
        let own = self.schedules.is_none() && self.seconds.is_none() && self.scenario.is_empty();
        let seconds = if own {
            Some(DEFAULT_SECONDS)
        } else {
            self.seconds
        };
        Limits {
            schedules: self.schedules,
            time: seconds.map(Duration::from_secs_f64),
        }
    }

    fn explore(&self, scenario: &Scenario, order: CsqOrder, total: &mut Total) -> u8 {
        let strategy = match self.strategy() {
            Ok(strategy) => strategy,
            Err(sentence) => return refuse(&sentence),
        };
        let body = scenario.clone();
        let bar = ProgressBar::new_spinner().with_message(scenario.to_string());
        bar.set_style(ProgressStyle::default_spinner());
        let progress = bar.clone();
        let outcome = explore(
            strategy,
            self.limits(),
            move |number| progress.set_position(number as u64),
            move || body.play(),
        );
        bar.finish_and_clear();
        total.scenarios += 1;
        total.exhausted += usize::from(outcome.exhausted);
        total.schedules += outcome.schedules;
        self.print(scenario, order, &outcome)
    }

    fn print(&self, scenario: &Scenario, order: CsqOrder, outcome: &Outcome) -> u8 {
        if let Some(panic) = &outcome.broken {
            eprintln!("ntsim: {scenario}: {panic}");
            return FAILED;
        }
        let order = order
            .to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned());
        println!(
            "{scenario} ({order}): {} schedules ({} of them pruned) in {:.2} s, {}, {} endings, at most {} steps",
            outcome.schedules,
            outcome.pruned,
            outcome.time.as_secs_f64(),
            if outcome.exhausted {
                "exhausted"
            } else {
                "bounded"
            },
            outcome.endings,
            outcome.longest
        );
        let Some(found) = &outcome.found else {
            if self.replay.is_some() {
                println!(
                    "the schedule breaks no rule (if it should, it is from another driver or scenario)"
                );
            }
            return CLEAN;
        };
        let races = if self.races { " --races" } else { "" };
        let again = format!(
            "ntsim explore {} {scenario} --csq-order {order}{races}{} --replay {}",
            self.driver.display(),
            self.kernel.arguments(),
            found.schedule
        );
        print!("{}", report::found(found, &again));
        FOUND
    }
}
