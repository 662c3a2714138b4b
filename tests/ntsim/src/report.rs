//! Text for people.

use std::fmt::Write;

use crate::explore::Found;
use crate::nt::status;
use crate::world::World;

/// The trace of a run, a line per step.
pub(crate) fn trace(world: &World) -> Vec<String> {
    let width = world
        .threads
        .iter()
        .map(|thread| thread.name.len())
        .max()
        .unwrap_or(0);
    let line = |event: &crate::world::trace::Event| {
        let name = world
            .threads
            .get(event.thread)
            .map_or("", |thread| thread.name);
        let object = world.object_name(event.object);
        let value = event
            .value
            .map_or_else(String::new, |value| format!(": {}", status::name(value)));
        let thread = event.thread;
        format!("T{thread} {name:width$}  {} {object}{value}", event.what)
            .trim_end()
            .to_owned()
    };
    world.trace.iter().map(line).collect()
}

/// So many steps of a trace are shown. Scenarios have fewer; in a long body the last ones count.
const LAST: usize = 300;

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
    let _ = writeln!(text, "  in thread T{}", finding.thread);
    for site in &finding.stack {
        let _ = writeln!(text, "    at {site}");
    }
    let _ = writeln!(text, "  what happened:");
    let first = trace.len().saturating_sub(LAST);
    if first != 0 {
        let _ = writeln!(text, "    ({first} steps before that)");
    }
    for line in trace.iter().skip(first) {
        let _ = writeln!(text, "    {line}");
    }
    let _ = writeln!(text, "  again: {replay_command}");
    text
}
