//! `exploration crosscheck`: whatever state schedules by chance reach, the exhaustive search must have reached.

use clap::Args;
use ntsim::cli::crosscheck::Comparison;

use super::explore::body;
use crate::scenario::Scenario;

/// The arguments.
#[derive(Debug, Args)]
pub struct Crosscheck {
    #[command(flatten)]
    comparison: Comparison,
    /// The scenarios, as for `explore`; all if there is none.
    scenario: Vec<Scenario>,
}

impl Crosscheck {
    /// Runs it and returns the exit code.
    pub fn execute(&self) -> u8 {
        let scenarios = if self.scenario.is_empty() {
            Scenario::all()
        } else {
            self.scenario.clone()
        };
        let scenarios = scenarios.into_iter();
        let bodies: Vec<_> = scenarios
            .map(|scenario| (scenario.to_string(), body(scenario, false)))
            .collect();
        self.comparison.execute(&bodies)
    }
}
