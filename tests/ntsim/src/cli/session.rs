//! An exploration of scenarios, and what came of it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::budget::Wanted;
use super::explore::{Format, Options};
use super::findings::Ledger;
use super::search;
use super::{Driver, FAILED, FOUND};
use crate::explore::{Body, Found, Limits, Outcome, explore};
use crate::machine;
use crate::report::document::Record;
use crate::schedule::Strategy;
use crate::settings::{CsqOrder, Points};
use crate::time;

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

/// An exploration of scenarios, one after the other.
#[derive(Debug)]
pub struct Session<'a> {
    /// The command, as a person types it.
    command: &'a str,
    options: &'a Options,
    driver: &'a Driver,
    ledger: Ledger<'a>,
    total: Total,
    /// Scenarios that were explored to the end, and in which the order of `IoCsqInsertIrp` does not matter: a schedule for
    /// each state in which the actors leave everything, and the points of these.
    pub(super) ended: HashMap<String, (Vec<Vec<u8>>, Points)>,
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
            ended: HashMap::new(),
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

    /// The options.
    #[must_use]
    pub const fn options(&self) -> &Options {
        self.options
    }

    /// The orders of `IoCsqInsertIrp` to try: one, if the driver does not import it.
    ///
    /// # Errors
    /// A sentence on a file that is no driver.
    pub fn orders(&self) -> Result<Vec<CsqOrder>, String> {
        let mut orders = self.options.search().orders();
        if let Some(first) = orders.first() {
            self.install(*first)?;
        }
        let imports_it = machine::with(|machine| {
            let mut imports = machine.image.imports().iter();
            imports.any(|import| import.name.contains("!IoCsqInsertIrp"))
        });
        if !imports_it {
            orders.truncate(1);
        }
        Ok(orders)
    }

    /// Explores scenarios in each order of `IoCsqInsertIrp`, for so many seconds of a processor in all, and each for not
    /// more than `each`; or as a person has limited each.
    ///
    /// # Errors
    /// A sentence on what cannot be explored.
    pub fn explore_all(
        &mut self,
        wanted: &[Wanted],
        orders: &[CsqOrder],
        seconds: f64,
        each: f64,
    ) -> Result<(), String> {
        let start = time::processor();
        let most = Duration::from_secs_f64(
            seconds.min(each * f64::from((wanted.len() * orders.len()) as u32)),
        );
        for (index, &order) in orders.iter().enumerate() {
            self.install(order)?;
            if self.options.search().is_limited() || self.options.search().is_replay() {
                for Wanted { name, asked, body } in wanted {
                    let limits = self.options.limits(Some(each));
                    self.explore(name, asked, order, limits, body)?;
                    if self.is_over() {
                        return Ok(());
                    }
                }
                continue;
            }
            let left = most.saturating_sub(time::processor().saturating_sub(start));
            let orders_left = (orders.len() - index) as u32;
            self.explore_within(left / orders_left, wanted, order)?;
            if self.is_over() {
                return Ok(());
            }
        }
        Ok(())
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
        let strategy = self.options.search().strategy()?;
        let outcome = self.run(name, strategy, limits, body);
        self.note(name, asked, order, &outcome)
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
        let strategy = self.options.search().by_chance();
        let outcome = self.run(name, strategy, limits, body);
        self.say(name, asked, order, &outcome).map(drop)
    }

    /// Explores with a line that shows how far it has come.
    fn run(
        &mut self,
        name: &str,
        strategy: Box<dyn Strategy>,
        limits: Limits,
        body: &Body,
    ) -> Outcome {
        let (bar, progress) = Self::bar(name);
        let body = Body::clone(body);
        let outcome = explore(strategy, limits, progress, move || body());
        bar.finish_and_clear();
        self.options.keep(&outcome.learned.points);
        outcome
    }

    /// A line that shows how far an exploration has come, and what moves it.
    pub(super) fn bar(name: &str) -> (ProgressBar, impl FnMut(usize) + 'static) {
        let bar = ProgressBar::new_spinner().with_message(name.to_owned());
        bar.set_style(ProgressStyle::default_spinner());
        let position = bar.clone();
        (bar, move |number| position.set_position(number as u64))
    }

    /// Counts a scenario in and prints what came of it. Returns whether more schedules could show something.
    pub(super) fn note(
        &mut self,
        scenario: &str,
        asked: &str,
        order: CsqOrder,
        outcome: &Outcome,
    ) -> Result<bool, String> {
        self.total.scenarios += 1;
        self.total.exhausted += usize::from(outcome.exhausted);
        let clean = self.say(scenario, asked, order, outcome)?;
        Ok(clean && !outcome.exhausted)
    }

    /// Prints an outcome, and returns whether no rule was broken.
    fn say(
        &mut self,
        scenario: &str,
        asked: &str,
        order: CsqOrder,
        outcome: &Outcome,
    ) -> Result<bool, String> {
        self.total.schedules += outcome.schedules;
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
        if outcome.found.is_none() && outcome.passed.is_empty() && options.search().is_replay() {
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
