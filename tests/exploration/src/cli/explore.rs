//! `exploration explore`: scenarios of csq.sys in every order.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ntsim::CsqOrder;
use ntsim::cli::explore::{Options, Session};
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
    /// dispatch lets them call at `DISPATCH_LEVEL` where that is allowed; claimed, returned or waiting say
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

/// The longest that one scenario in one order takes, in seconds of a processor, if all are explored: so that two
/// processors are done with them in less than two minutes.
const EACH_OF_ALL: f64 = 0.15;

/// And then, if that was too short for all its schedules, so long by chance.
const BY_CHANCE: f64 = 0.05;

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
        let mut number = 0;
        for order in self.options.search().orders() {
            session.install(order)?;
            for scenario in &scenarios {
                number += 1;
                if self.part.is_some_and(|part| !part.has(number)) {
                    continue;
                }
                self.explore(scenario, order, session)?;
                if session.is_over() {
                    return Ok(());
                }
            }
        }
        Ok(())
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
        session: &mut Session<'_>,
    ) -> Result<(), String> {
        let many = self.scenario.is_empty();
        let name = scenario.to_string();
        let limits = self.options.limits(many.then_some(EACH_OF_ALL));
        let body = body(scenario.clone(), self.options.fresh());
        let more = session.explore(&name, &name, order, limits, &body)?;
        if more && many {
            let limits = self.options.limits(Some(BY_CHANCE));
            session.explore_by_chance(&name, &name, order, limits, &body)?;
        }
        Ok(())
    }
}
