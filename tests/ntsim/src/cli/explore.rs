//! `ntsim explore`: scenarios in every order; and what commands that explore scenarios of their own share with it.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::findings::{Findings, Ledger};
use super::scripts::Scripts;
use super::search::{self, Search};
use super::{Driver, FAILED, FOUND, Kernel, refuse};
use crate::explore::{Body, Found, Limits, Outcome, explore};
use crate::machine;
use crate::report::document::Record;
use crate::schedule::Strategy;
use crate::settings::{CsqOrder, Points, Settings};

/// The arguments of `explore`.
#[derive(Debug, Args)]
pub struct Explore {
    /// The driver.
    driver: PathBuf,
    #[command(flatten)]
    scripts: Scripts,
    #[command(flatten)]
    options: Options,
}

/// The options of every exploration.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Debug, Args)]
pub struct Options {
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
}

/// How to print what came of scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line each.
    Lines,
    /// A table in Markdown.
    Table,
}

/// The longest that one scenario takes, in seconds of a processor, if nobody says otherwise.
const EACH: f64 = 5.0;

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
#[derive(Clone, Debug, Default)]
pub struct Total {
    /// How many were run.
    pub scenarios: usize,
    /// In how many of them all schedules were run.
    pub exhausted: usize,
    /// How many schedules were run.
    pub schedules: usize,
    /// The exit code.
    pub code: u8,
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
    #[must_use]
    pub fn execute(&self) -> u8 {
        let driver = match Driver::read(&self.driver) {
            Ok(driver) => driver,
            Err(sentence) => return refuse(&sentence),
        };
        let mut session = Session::new("ntsim explore", &self.options, &driver);
        match self.explore(&mut session) {
            Ok(()) => session.end(),
            Err(sentence) => refuse(&sentence),
        }
    }

    fn explore(&self, session: &mut Session<'_>) -> Result<(), String> {
        let asked = self.scripts.read()?;
        let search = &self.options.search;
        if search.is_replay() && asked.len() != 1 {
            return Err(
                "a schedule to replay is of one scenario: give one file, or --only NAME".to_owned(),
            );
        }
        session.begin();
        for order in search.orders() {
            session.install(order)?;
            for scenario in &asked {
                let limits = self.options.limits(Some(EACH));
                let body = scenario.body(self.options.fresh);
                session.explore(&scenario.name(), scenario.asked(), order, limits, &body)?;
                if session.is_over() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl Options {
    /// How to go through the schedules.
    #[must_use]
    pub const fn search(&self) -> &Search {
        &self.search
    }

    /// Whether every schedule is to be played from its beginning to its end.
    #[must_use]
    pub const fn fresh(&self) -> bool {
        self.fresh
    }

    /// When to stop: what a person gave, or these seconds for each if nothing.
    #[must_use]
    pub fn limits(&self, default_seconds: Option<f64>) -> Limits {
        self.search.limits(default_seconds, self.findings.goes_on())
    }

    fn settings(&self, order: CsqOrder) -> Settings {
        let mut points = self.points.clone();
        points.extend(&self.learned.borrow());
        Settings {
            csq_order: order,
            races: self.races,
            points,
            fine: self.fine,
            ..self.kernel.settings()
        }
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
}

/// An exploration of scenarios, one after the other.
#[derive(Debug)]
pub struct Session<'a> {
    /// The command, as a person types it.
    command: &'a str,
    options: &'a Options,
    driver: &'a Driver,
    ledger: Ledger<'a>,
    total: Total,
    start: Instant,
}

impl<'a> Session<'a> {
    /// Begins one; `command` is what a person types before the driver's name.
    #[must_use]
    pub fn new(command: &'a str, options: &'a Options, driver: &'a Driver) -> Self {
        Self {
            command,
            options,
            driver,
            ledger: options.findings.ledger(driver.path()),
            total: Total::default(),
            start: Instant::now(),
        }
    }

    /// Prints what stands above the results.
    pub fn begin(&self) {
        if self.options.format == Format::Table {
            self.ledger.say(search::TABLE);
        }
    }

    /// Loads the driver anew, for an order of `IoCsqInsertIrp`.
    ///
    /// # Errors
    /// A sentence on a file that is no driver.
    pub fn install(&self, order: CsqOrder) -> Result<(), String> {
        self.driver.install(self.options.settings(order))
    }

    /// Explores a scenario, which the command line has asked for in these words, and prints what came of it. Returns
    /// whether more schedules could show something.
    ///
    /// # Errors
    /// A sentence on a schedule that is none of this scenario's.
    pub fn explore(
        &mut self,
        name: &str,
        asked: &str,
        order: CsqOrder,
        limits: Limits,
        body: &Body,
    ) -> Result<bool, String> {
        let strategy = self.options.search.strategy()?;
        let outcome = self.run(name, strategy, limits, body);
        self.total.scenarios += 1;
        self.total.exhausted += usize::from(outcome.exhausted);
        let clean = self.note(name, asked, order, &outcome)?;
        Ok(clean && !outcome.exhausted)
    }

    /// Runs schedules of a scenario by chance, after [`Self::explore`] has come to no end.
    ///
    /// # Errors
    /// As above.
    pub fn explore_by_chance(
        &mut self,
        name: &str,
        asked: &str,
        order: CsqOrder,
        limits: Limits,
        body: &Body,
    ) -> Result<(), String> {
        let strategy = self.options.search.by_chance();
        let outcome = self.run(name, strategy, limits, body);
        self.note(name, asked, order, &outcome).map(drop)
    }

    /// Explores with a line that shows how far it has come.
    fn run(
        &mut self,
        name: &str,
        strategy: Box<dyn Strategy>,
        limits: Limits,
        body: &Body,
    ) -> Outcome {
        let bar = ProgressBar::new_spinner().with_message(name.to_owned());
        bar.set_style(ProgressStyle::default_spinner());
        let position = bar.clone();
        let progress = move |number| position.set_position(number as u64);
        let body = Body::clone(body);
        let outcome = explore(strategy, limits, progress, move || body());
        bar.finish_and_clear();
        self.options.keep(&outcome);
        self.total.schedules += outcome.schedules;
        outcome
    }

    /// Prints an outcome, and returns whether no rule was broken.
    fn note(
        &mut self,
        scenario: &str,
        asked: &str,
        order: CsqOrder,
        outcome: &Outcome,
    ) -> Result<bool, String> {
        if let Some(panic) = &outcome.broken {
            eprintln!("ntsim: {scenario}: {panic}");
            self.total.code = FAILED;
            return Ok(false);
        }
        if let Some(sentence) = search::misfit(outcome) {
            return Err(sentence);
        }
        let options = self.options;
        let line = match options.format {
            Format::Lines => search::summary,
            Format::Table => search::row,
        };
        self.ledger.say(&line(scenario, order, outcome));
        if outcome.found.is_none() && outcome.passed.is_empty() && options.search.is_replay() {
            self.ledger.say("the schedule breaks no rule");
        }
        let order = search::order_name(order);
        let races = if options.races { " --races" } else { "" };
        let again = |found: &Found| {
            format!(
                "{} {} {asked} --csq-order {order}{races}{}{} --replay {}",
                self.command,
                self.driver.path().display(),
                options.points_again(&found.points),
                options.kernel.arguments(),
                found.schedule
            )
        };
        let record = Record::new(scenario, &order, search::extent(outcome), outcome);
        let found = outcome.passed.iter().chain(&outcome.found);
        let code = self.ledger.add(record, found, again);
        self.total.code = self.total.code.max(code);
        Ok(code != FOUND)
    }

    /// Whether no more scenarios are to be explored.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.total.code > FOUND || (self.options.first && self.total.code == FOUND)
    }

    /// What came of it so far.
    #[must_use]
    pub const fn total(&self) -> &Total {
        &self.total
    }

    /// What was found so far.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger<'a> {
        &self.ledger
    }

    /// Adds what another process has come to.
    pub fn extend(&mut self, total: &Total, found: Vec<Record>) {
        self.total.scenarios += total.scenarios;
        self.total.exhausted += total.exhausted;
        self.total.schedules += total.schedules;
        self.total.code = self.total.code.max(total.code);
        self.ledger.extend(found);
    }

    /// Prints the total, writes the files that were asked for, and returns the exit code.
    #[must_use]
    pub fn end(self) -> u8 {
        if self.total.scenarios > 1 && !self.is_over() {
            if self.options.format == Format::Table {
                self.ledger.say("");
            }
            self.ledger.say(&self.total.sentence(self.start.elapsed()));
        }
        self.ledger.end(self.total.code)
    }
}
