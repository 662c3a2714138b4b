//! `ntsim explore`: scenarios in every order; and what commands that explore scenarios of their own share with it.

use std::cell::RefCell;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::budget::Wanted;
use super::findings::Findings;
use super::scripts::Scripts;
use super::search::Search;
use super::session::Session;
use super::{Driver, Kernel, refuse};
use crate::explore::Limits;
use crate::machine;
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
    pub(super) races: bool,
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
    pub(super) kernel: Kernel,
    #[command(flatten)]
    pub(super) findings: Findings,
    /// Stops at the first finding.
    #[arg(long)]
    pub(super) first: bool,
    /// How to print what came of each.
    #[arg(long, value_enum, default_value_t = Format::Lines)]
    pub(super) format: Format,
    /// Plays every schedule from `DriverEntry` to unload, also what repeats an earlier one: slower, and the
    /// result is the same.
    #[arg(long)]
    fresh: bool,
}

/// How to print what came of scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line each.
    Lines,
    /// A table in Markdown.
    Table,
}

/// The longest that one scenario takes, in seconds of a processor, if nobody says otherwise.
const EACH: f64 = 5.0;

/// The longest that all take.
const ALL: f64 = 50.0;

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
        let wanted: Vec<Wanted> = asked
            .iter()
            .map(|scenario| Wanted {
                name: scenario.name(),
                asked: scenario.asked().to_owned(),
                body: scenario.body(self.options.fresh),
            })
            .collect();
        let orders = session.orders()?;
        session.explore_all(&wanted, &orders, ALL, EACH)
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

    pub(super) fn settings(&self, order: CsqOrder) -> Settings {
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
    pub(super) fn keep(&self, points: &Points) {
        if !self.fine && !self.search.is_replay() {
            let mut learned = self.learned.borrow_mut();
            learned.extend(points);
            machine::with(|machine| machine.settings.points.extend(&learned));
        }
    }

    /// The points of a schedule as options, with a space before.
    pub(super) fn points_again(&self, points: &Points) -> String {
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
