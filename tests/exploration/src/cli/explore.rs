//! `exploration explore`: scenarios of csq.sys in every order.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ntsim::cli::budget::Wanted;
use ntsim::cli::explore::Options;
use ntsim::cli::session::Session;
use ntsim::cli::{Driver, refuse};
use ntsim::explore::Body;
use ntsim::repeated::{Repeated, Scenario as _};

use super::parts::{self, Part};
use crate::scenario::Scenario;

/// The arguments.
#[derive(Debug, Args)]
pub struct Explore {
    /// The driver.
    driver: PathBuf,
    /// Actors joined by `+`, such as pend+cancel+complete-next. Behind an @, words joined by commas:
    /// dispatch lets them call at `DISPATCH_LEVEL` where that is allowed; claimed, many, returned or waiting say
    /// how it is when they begin; limit-1 lets the device take one request at once; slow-bus lets the driver below answer
    /// the Plug and Play manager later. All pairs and triples, each at both levels, and scenarios with claims and timeouts
    /// if there is none.
    scenario: Vec<Scenario>,
    #[command(flatten)]
    options: Options,
    /// The scenarios in which a thread is suspended in the driver while others end what it may have, and no
    /// others.
    #[arg(long, conflicts_with = "scenario")]
    suspend: bool,
    /// Explores only one part of the scenarios, such as 1/2.
    #[arg(long, hide = true)]
    part: Option<Part>,
}

/// How many seconds all scenarios take of a processor, shared out among the processors: two are done in less than a minute.
const ALL: f64 = 108.0;

/// The longest that a scenario takes that was asked for by its name.
const EACH: f64 = 600.0;

/// What plays a scenario; `fresh` from its beginning to its end each time.
pub fn body(scenario: Scenario, fresh: bool) -> Body {
    if fresh {
        Arc::new(move || scenario.play())
    } else {
        let repeated = Repeated::new(scenario);
        Arc::new(move || repeated.play())
    }
}

impl Explore {
    /// Runs it and returns the exit code.
    pub fn execute(&self) -> u8 {
        let driver = match Driver::read(&self.driver) {
            Ok(driver) => driver,
            Err(sentence) => return refuse(&sentence),
        };
        if self.options.search().is_replay() && self.scenario.len() != 1 {
            return refuse("a schedule to replay is of one scenario: give its name");
        }
        let mut session = Session::new("exploration explore", &self.options, &driver);
        let all = self.scenario.is_empty() && !self.suspend && self.part.is_none();
        if self.part.is_none() {
            session.begin();
        }
        let explored = if all {
            parts::explore_all(&mut session)
                .map_err(|error| format!("ntsim cannot run itself: {error}"))
        } else {
            self.explore_all(&mut session)
        };
        if let Err(sentence) = explored {
            return refuse(&sentence);
        }
        if self.part.is_some() {
            let (total, ledger) = (session.total(), session.ledger());
            println!("{}", parts::line(total, ledger.scenarios()));
            return total.code;
        }
        session.end()
    }

    fn explore_all(&self, session: &mut Session<'_>) -> Result<(), String> {
        let scenarios = self.scenarios();
        // In each order the same part has a scenario.
        let own = |number: &usize| self.part.is_none_or(|part| part.has(*number));
        let numbered = scenarios.into_iter().enumerate();
        let wanted: Vec<Wanted> = numbered
            .filter(|(number, _)| own(number))
            .map(|(_, scenario)| Wanted {
                name: scenario.to_string(),
                asked: scenario.to_string(),
                body: body(scenario, self.options.fresh()),
            })
            .collect();
        let orders = self.options.search().orders();
        if self.scenario.is_empty() {
            let parts = self.part.map_or(1, Part::of);
            session.explore_all(&wanted, &orders, ALL / f64::from(parts), ALL)
        } else {
            session.explore_all(&wanted, &orders, f64::MAX, EACH)
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
}
