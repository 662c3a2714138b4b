//! What came of scenarios, as data: for `--json`, and what SARIF is made of.

use serde::{Deserialize, Serialize};

use super::Step;
use crate::explore::{Found, Outcome};
use crate::image::Place;

/// Everything that a command has found out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Document {
    /// The version of ntsim.
    pub version: String,
    /// The driver's file.
    pub driver: String,
    /// The command's exit code.
    pub exit: u8,
    /// What was run.
    pub scenarios: Vec<Record>,
    /// The rules whose findings are allowed.
    pub allowed: Vec<Allowance>,
}

/// A rule whose findings are allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// The rule's name.
    pub rule: String,
    /// Why it is allowed, if a person has said.
    pub reason: Option<String>,
    /// How many schedules have ended by it.
    pub schedules: usize,
    /// In how many scenarios.
    pub scenarios: usize,
}

/// What came of one scenario.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    /// The scenario's name.
    pub scenario: String,
    /// The order in which `IoCsqInsertIrp` works, if that was chosen.
    pub order: String,
    /// How many schedules were run.
    pub schedules: usize,
    /// How many of them ended early, because the rest had been seen.
    pub pruned: usize,
    /// Whether these are all that can differ.
    pub exhausted: bool,
    /// The same in words, or what ended the search before.
    pub extent: String,
    /// The processor time that it took.
    pub seconds: f64,
    /// The broken rules.
    pub findings: Vec<Broken>,
}

/// A broken rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Broken {
    /// The rule's name.
    pub rule: String,
    /// What exactly happened.
    pub message: String,
    /// The thread that did it.
    pub thread: usize,
    /// The driver's functions on its stack, innermost first.
    pub stack: Vec<Place>,
    /// What happened before.
    pub trace: Vec<Step>,
    /// The command that does the same again.
    pub again: String,
    /// How many schedules ended like this.
    pub schedules: usize,
    /// Whether it is allowed.
    pub allowed: bool,
}

impl Broken {
    /// A finding, and the command that does the same again.
    #[must_use]
    pub fn new(found: &Found, again: String, allowed: bool) -> Self {
        let finding = &found.finding;
        Self {
            rule: finding.rule.name.to_owned(),
            message: finding.message.clone(),
            thread: finding.thread,
            stack: finding.stack.clone(),
            trace: found.trace.clone(),
            again,
            schedules: found.count,
            allowed,
        }
    }
}

impl Record {
    /// An outcome without its findings.
    #[must_use]
    pub fn new(scenario: &str, order: &str, extent: String, outcome: &Outcome) -> Self {
        Self {
            scenario: scenario.to_owned(),
            order: order.to_owned(),
            schedules: outcome.schedules,
            pruned: outcome.pruned,
            exhausted: outcome.exhausted,
            extent,
            seconds: outcome.time.as_secs_f64(),
            findings: Vec::new(),
        }
    }
}
