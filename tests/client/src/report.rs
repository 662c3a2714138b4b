//! How the results of `selftest` are printed.

use crate::text::milliseconds;
use behaviors::Outcome;
use behaviors::behavior::Behavior;
use behaviors::report::{Entry, Report};
use serde_json::{Value, json};
use std::time::Duration;

/// Width of the column with the names.
const NAME: usize = 46;

/// One line of the table, or two if there is something to say.
#[must_use]
pub fn line(entry: &Entry, took: Duration) -> String {
    let (verdict, detail) = match &entry.outcome {
        Outcome::Passed => ("pass", None),
        Outcome::Failed(failure) => ("FAIL", Some(failure.to_string())),
        Outcome::NotOnThisTarget(reason) => {
            ("skip", Some(format!("not checked on this host: {reason}")))
        }
    };
    let line = format!("{verdict}  {:NAME$} {:>10}", entry.name, milliseconds(took));
    match detail {
        Some(detail) => format!("{line}\n        {detail}"),
        None => line,
    }
}

/// The last lines of a run: what failed once more, and the counts.
#[must_use]
pub fn summary(report: &Report) -> String {
    let failed = report
        .entries
        .iter()
        .filter_map(|entry| match &entry.outcome {
            Outcome::Failed(failure) => Some(format!(
                "\n  {}: {}\n    {failure}",
                entry.name, entry.shows
            )),
            _ => None,
        });
    let failed: Vec<String> = failed.collect();
    if failed.is_empty() {
        report.to_string()
    } else {
        format!("\nfailed:{}\n\n{report}", failed.concat())
    }
}

/// The whole run for a script.
#[must_use]
pub fn json(report: &Report) -> Value {
    json!({
        "behaviors": report.entries,
        "passed": report.passed(),
        "failed": report.failed(),
        "skipped": report.skipped(),
        "good": report.is_good(),
    })
}

/// The table of behaviors, unrun.
#[must_use]
pub fn list<T: behaviors::Target>(behaviors: &[Behavior<T>]) -> String {
    let lines = behaviors
        .iter()
        .map(|behavior| format!("{:NAME$} {}", behavior.name, behavior.shows));
    lines.collect::<Vec<_>>().join("\n")
}

/// The table of behaviors for a script.
#[must_use]
pub fn list_json<T: behaviors::Target>(behaviors: &[Behavior<T>]) -> Value {
    let entries = behaviors.iter().map(|behavior| {
        json!({ "name": behavior.name, "shows": behavior.shows, "rules": behavior.rules })
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use behaviors::Failure;

    fn entry(outcome: Outcome) -> Entry {
        Entry {
            name: "area.what",
            shows: "That it works",
            rules: &["INV-01"],
            outcome,
        }
    }

    fn report() -> Report {
        let failure = Failure::new("the answer", "42", "41");
        Report {
            entries: vec![
                entry(Outcome::Passed),
                entry(Outcome::Failed(failure)),
                entry(Outcome::NotOnThisTarget("no such thing".into())),
            ],
        }
    }

    #[test]
    fn a_line_says_what_was_seen() {
        let lines: Vec<String> = report()
            .entries
            .iter()
            .map(|entry| line(entry, Duration::from_millis(3)))
            .collect();
        assert!(lines[0].starts_with("pass  area.what ") && lines[0].ends_with("3.0 ms"));
        assert!(lines[1].starts_with("FAIL") && lines[1].contains("expected 42, saw 41"));
        assert!(lines[2].starts_with("skip") && lines[2].contains("not checked on this host"));
    }

    #[test]
    fn the_summary_ends_in_the_counts() {
        let summary = summary(&report());
        assert_eq!(
            summary.lines().last(),
            Some("1 passed, 1 failed, 1 skipped")
        );
        assert!(summary.contains("area.what: That it works"));
    }

    #[test]
    fn json_tells_the_outcomes_apart() {
        let json = json(&report());
        assert_eq!(json["behaviors"][0]["outcome"], "passed");
        assert_eq!(json["behaviors"][1]["outcome"], "failed");
        assert_eq!(json["behaviors"][1]["detail"]["seen"], "41");
        assert_eq!(json["behaviors"][2]["outcome"], "not_on_this_target");
        assert_eq!(json["good"], false);
    }
}
