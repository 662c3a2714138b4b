//! `ntsim explore`: scenarios in every order.

mod parts;
mod scripts;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use self::parts::Part;
use self::scripts::Scripts;
use super::findings::{Findings, Ledger};
use super::search::{self, Search};
use super::{CLEAN, Driver, FAILED, FOUND, Kernel, refuse};
use crate::explore::{Found, Limits, Outcome, explore};
use crate::machine;
use crate::report::document::Record;
use crate::scenario::{Repeated, Scenario};
use crate::schedule::Strategy;
use crate::settings::{CsqOrder, Points, Settings};

/// The arguments of `explore`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Debug, Args)]
pub struct Explore {
    /// The driver.
    driver: PathBuf,
    /// Actors joined by `+`, such as pend+cancel+complete-next. Behind an @, words joined by commas:
    /// dispatch lets them call at `DISPATCH_LEVEL` where that is allowed; claimed, returned or waiting say
    /// how it is when they begin; limit-1 lets the device take one request at once; slow-bus lets the driver below answer the Plug and Play manager later. All pairs and
    /// triples, each at both levels, and scenarios with claims and timeouts if there is none.
    scenario: Vec<Scenario>,
    #[command(flatten)]
    scripts: Scripts,
    #[command(flatten)]
    search: Search,
    /// Looks for data races: a race is a finding.
    #[arg(long)]
    races: bool,
    /// Ordinary instructions before which other threads may come as well, by their offsets in the image, joined
    /// by commas, as a report printed them; `copies` for the kernel's routines that copy memory.
    #[arg(long, value_parser = points, default_value = "")]
    points: Points,
    /// What was learned in earlier scenarios, so that the search need not begin anew for it in each.
    #[arg(skip)]
    learned: RefCell<Points>,
    /// Lets other threads come before every instruction that touches shared memory: for schedules by chance.
    #[arg(long)]
    fine: bool,
    #[command(flatten)]
    kernel: Kernel,
    #[command(flatten)]
    findings: Findings,
    /// The scenarios in which a thread is suspended in the driver while others end what it may have, and no
    /// others.
    #[arg(long, conflicts_with = "scenario")]
    suspend: bool,
    /// Stops at the first finding.
    #[arg(long)]
    first: bool,
    /// How to print what came of each.
    #[arg(long, value_enum, default_value_t = Format::Lines)]
    format: Format,
    /// Plays every schedule from `DriverEntry` to unload, also what repeats an earlier one: slower, and the
    /// result is the same.
    #[arg(long)]
    fresh: bool,
    /// Explores only one part of the scenarios, such as 1/2.
    #[arg(long, hide = true)]
    part: Option<Part>,
}

/// How to print what came of scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line each.
    Lines,
    /// A table in Markdown.
    Table,
}

/// The longest that one scenario in one order takes, in seconds of a processor, if all are explored: so that two
/// processors are done with them in less than two minutes.
const EACH_OF_ALL: f64 = 0.15;

/// And then, if that was too short for all its schedules, so long by chance.
const BY_CHANCE: f64 = 0.05;

/// The name of the kernel's routines that copy memory among points.
const COPIES: &str = "copies";

/// Reads the points of `--points`.
fn points(text: &str) -> Result<Points, String> {
    let mut points = Points::default();
    for word in text.split(',').filter(|word| !word.is_empty()) {
        if word == COPIES {
            points.copies = true;
        } else {
            let offset = usize::from_str_radix(word, 16).map_err(|_| {
                format!("{word:?} is no offset: a report prints them in hexadecimal digits")
            })?;
            points.instructions.insert(offset);
        }
    }
    Ok(points)
}

/// What came of all scenarios.
#[derive(Default)]
struct Total {
    scenarios: usize,
    exhausted: usize,
    schedules: usize,
    code: u8,
}

impl Total {
    fn sentence(&self, time: Duration) -> String {
        format!(
            "{} scenarios, {} exhausted, {} bounded; {} schedules in {:.1} s",
            self.scenarios,
            self.exhausted,
            self.scenarios - self.exhausted,
            self.schedules,
            time.as_secs_f64()
        )
    }
}

impl Explore {
    /// Runs it and returns the exit code.
    pub fn execute(&self) -> u8 {
        let driver = match Driver::read(&self.driver) {
            Ok(driver) => driver,
            Err(sentence) => return refuse(&sentence),
        };
        if self.search.is_replay() && !self.scripts.are_asked_for() && self.scenario.len() != 1 {
            return refuse("a schedule to replay is of one scenario: give its name");
        }
        let start = Instant::now();
        let mut ledger = self.findings.ledger(&driver.path);
        if self.format == Format::Table && self.part.is_none() {
            ledger.say(search::TABLE);
        }
        let all = self.scenario.is_empty() && !self.suspend && self.part.is_none();
        let total = if self.scripts.are_asked_for() {
            self.explore_scripts(&driver, &mut ledger)
        } else if all {
            parts::explore_all(&mut ledger)
                .map_err(|error| format!("ntsim cannot run itself: {error}"))
        } else {
            self.explore_names(&driver, &mut ledger)
        };
        let total = match total {
            Ok(total) => total,
            Err(sentence) => return refuse(&sentence),
        };
        if self.part.is_some() {
            println!("{}", parts::line(&total, &ledger));
            return total.code;
        }
        if total.scenarios > 1 && total.code <= FOUND && !(self.first && total.code == FOUND) {
            if self.format == Format::Table {
                ledger.say("");
            }
            ledger.say(&total.sentence(start.elapsed()));
        }
        ledger.end(total.code)
    }

    fn explore_names(&self, driver: &Driver, ledger: &mut Ledger<'_>) -> Result<Total, String> {
        let scenarios = self.scenarios();
        let mut total = Total::default();
        let mut number = 0;
        for order in self.search.orders() {
            driver.install(self.settings(order))?;
            for scenario in &scenarios {
                number += 1;
                if self.part.is_some_and(|part| !part.has(number)) {
                    continue;
                }
                let code = self.explore(scenario, order, &mut total, ledger)?;
                total.code = total.code.max(code);
                if total.code > FOUND || (self.first && total.code == FOUND) {
                    return Ok(total);
                }
            }
        }
        Ok(total)
    }

    fn settings(&self, order: CsqOrder) -> Settings {
        Settings {
            csq_order: order,
            races: self.races,
            points: {
                let mut points = self.points.clone();
                points.extend(&self.learned.borrow());
                points
            },
            fine: self.fine,
            ..self.kernel.settings()
        }
    }

    fn scenarios(&self) -> Vec<Scenario> {
        if self.suspend {
            Scenario::suspended()
        } else if self.scenario.is_empty() {
            Scenario::all()
        } else {
            self.scenario.clone()
        }
    }

    fn explore(
        &self,
        scenario: &Scenario,
        order: CsqOrder,
        total: &mut Total,
        ledger: &mut Ledger<'_>,
    ) -> Result<u8, String> {
        let strategy = self.search.strategy()?;
        let all = self.scenario.is_empty();
        let name = scenario.to_string();
        let goes_on = || self.findings.goes_on();
        let limits = self.search.limits(all.then_some(EACH_OF_ALL), goes_on());
        let outcome = self.run(scenario, strategy, limits);
        let bounded = !outcome.exhausted;
        total.scenarios += 1;
        total.exhausted += usize::from(outcome.exhausted);
        total.schedules += outcome.schedules;
        let code = self.print(&name, &name, order, &outcome, ledger)?;
        if code != CLEAN || !all || !bounded {
            return Ok(code);
        }
        // What the search has learned holds for schedules by chance, too.
        let limits = self.search.limits(Some(BY_CHANCE), goes_on());
        let outcome = self.run(scenario, self.search.by_chance(), limits);
        total.schedules += outcome.schedules;
        self.print(&name, &name, order, &outcome, ledger)
    }

    /// Prints what came of a scenario, which the command line has asked for in these words, and returns the exit code.
    fn print(
        &self,
        scenario: &str,
        asked: &str,
        order: CsqOrder,
        outcome: &Outcome,
        ledger: &mut Ledger<'_>,
    ) -> Result<u8, String> {
        if let Some(panic) = &outcome.broken {
            eprintln!("ntsim: {scenario}: {panic}");
            return Ok(FAILED);
        }
        if let Some(sentence) = search::misfit(outcome) {
            return Err(sentence);
        }
        let line = match self.format {
            Format::Lines => search::summary,
            Format::Table => search::row,
        };
        ledger.say(&line(scenario, order, outcome));
        if outcome.found.is_none() && outcome.passed.is_empty() && self.search.is_replay() {
            ledger.say("the schedule breaks no rule");
        }
        let order = search::order_name(order);
        let races = if self.races { " --races" } else { "" };
        let again = |found: &Found| {
            format!(
                "ntsim explore {} {asked} --csq-order {order}{races}{}{} --replay {}",
                self.driver.display(),
                self.points_again(&found.points),
                self.kernel.arguments(),
                found.schedule
            )
        };
        let record = Record::new(scenario, &order, search::extent(outcome), outcome);
        Ok(ledger.add(record, outcome.passed.iter().chain(&outcome.found), again))
    }

    /// The points of a schedule as options, with a space before.
    fn points_again(&self, points: &Points) -> String {
        if self.fine {
            return " --fine".to_owned();
        }
        let instructions = points.instructions.iter();
        let mut names: Vec<String> = instructions.map(|offset| format!("{offset:x}")).collect();
        names.extend(points.copies.then(|| COPIES.to_owned()));
        if names.is_empty() {
            String::new()
        } else {
            format!(" --points {}", names.join(","))
        }
    }

    /// Explores one scenario.
    fn run(&self, scenario: &Scenario, strategy: Box<dyn Strategy>, limits: Limits) -> Outcome {
        let name = scenario.to_string();
        let scenario = scenario.clone();
        let outcome = if self.fresh {
            explore_visibly(&name, strategy, limits, move || scenario.play())
        } else {
            let repeated = Repeated::new(scenario);
            explore_visibly(&name, strategy, limits, move || repeated.play())
        };
        self.keep(&outcome);
        outcome
    }

    /// Keeps what was learned for the next scenarios: what has raced in one is likely to in others, and a point that
    /// races with nothing costs one step and no schedule.
    fn keep(&self, outcome: &Outcome) {
        if !self.fine && !self.search.is_replay() {
            let mut learned = self.learned.borrow_mut();
            learned.extend(&outcome.learned.points);
            machine::with(|machine| machine.settings.points.extend(&learned));
        }
    }
}

/// Explores with a line that shows how far it has come.
fn explore_visibly(
    name: &str,
    strategy: Box<dyn Strategy>,
    limits: Limits,
    play: impl Fn() + Send + Sync + 'static,
) -> Outcome {
    let bar = ProgressBar::new_spinner().with_message(name.to_owned());
    bar.set_style(ProgressStyle::default_spinner());
    let position = bar.clone();
    let progress = move |number| position.set_position(number as u64);
    let outcome = explore(strategy, limits, progress, play);
    bar.finish_and_clear();
    outcome
}
