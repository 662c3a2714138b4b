//! Text for people, and data for programs.

pub mod document;
pub mod sarif;

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use crate::explore::Found;
use crate::image::Place;
use crate::machine;
use crate::nt::status;
use crate::rule::guide::guide;
use crate::world::World;

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The thread's number.
    pub thread: usize,
    /// What the scenario calls the thread.
    pub name: String,
    /// What it did, and to what.
    pub text: String,
    /// From where in the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            thread, name, text, ..
        } = self;
        write!(formatter, "T{thread} {name}  {text}")?;
        match &self.place {
            Some(place) => write!(formatter, "  in {place}"),
            None => Ok(()),
        }
    }
}

/// The trace of a run, a step each.
pub(crate) fn trace(world: &World) -> Vec<Step> {
    let step = |event: &crate::world::trace::Event| {
        let name = world
            .threads
            .get(event.thread)
            .map_or("", |thread| thread.name);
        let object = world.object_name(event.object);
        let value = event
            .value
            .map_or_else(String::new, |value| format!(": {}", status::name(value)));
        let place = (event.caller != 0)
            .then(|| machine::try_with(|machine| machine.image.place_of_caller(event.caller)));
        Step {
            thread: event.thread,
            name: name.to_owned(),
            text: format!("{} {object}{value}", event.what)
                .trim_end()
                .to_owned(),
            place: place.flatten(),
        }
    };
    world.trace.iter().map(step).collect()
}

/// So many steps of a trace are shown. Scenarios have fewer; in a long body the last ones count.
const LAST: usize = 300;

/// The column in which the places of steps stand at most.
const WIDE: usize = 60;

/// How many steps come before there are threads that act at once: those say nothing about a race.
fn setting_up(trace: &[Step]) -> usize {
    let is_others = |step: &Step| step.thread != 0;
    trace.iter().position(is_others).unwrap_or(0)
}

/// A finding: what, where, how it came to that, and the command that does it again.
#[must_use]
pub fn found(found: &Found, replay_command: &str) -> String {
    let Found { finding, trace, .. } = found;
    let mut text = String::new();
    let rule = finding.rule;
    let _ = writeln!(text, "FOUND {}: {}", rule.name, finding.message);
    let _ = writeln!(text, "  rule: {}", rule.meaning);
    if let Some(bug_check) = rule.bug_check {
        let _ = writeln!(text, "  Windows: {} ({:#x})", bug_check.1, bug_check.0);
    }
    if let Some(guide) = guide(rule.name) {
        let _ = writeln!(text, "  mend: {}", guide.mend);
    }
    let _ = writeln!(text, "  in thread T{}", finding.thread);
    for site in &finding.stack {
        let _ = writeln!(text, "    at {site}");
    }
    let _ = writeln!(text, "  what happened:");
    let first = trace.len().saturating_sub(LAST).max(setting_up(trace));
    if first != 0 {
        let _ = writeln!(text, "    ({first} steps before that: --json has them)");
    }
    let shown = || trace.iter().skip(first);
    let width = |length: fn(&Step) -> usize| shown().map(length).max().unwrap_or(0);
    let name = width(|step| step.name.len());
    // Those that are longer push their place aside.
    let what = width(|step| step.text.len()).min(WIDE);
    for step in shown() {
        let place = step
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!("  {place}"));
        let line = format!(
            "    T{} {:name$}  {:what$}{place}",
            step.thread, step.name, step.text
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let _ = writeln!(text, "  again: {replay_command}");
    text
}
