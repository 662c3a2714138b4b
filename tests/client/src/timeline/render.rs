//! A [`Timeline`] as text: what was done, a picture of lanes, and one line for each IRP.

use super::{Irp, Timeline, Way};
use crate::text::milliseconds;
use std::fmt::Write;

/// Characters for each act in the picture.
const COLUMN: usize = 3;

/// One line for each act.
#[must_use]
pub fn acts(timeline: &Timeline) -> String {
    let mut text = String::from("act       at  what\n");
    for (number, act) in (1..).zip(&timeline.acts) {
        line(
            &mut text,
            &format!("{number:>3} {:>8}  {}", milliseconds(act.at), act.what),
        );
    }
    text
}

/// A lane for each IRP: a column for each act, from the one that pended it to the one that ended
/// it.
#[must_use]
pub fn lanes(timeline: &Timeline) -> String {
    let who = width(timeline.irps.iter().map(|irp| irp.by.as_str()));
    let mut text = String::new();
    let numbers: Vec<String> = (1..=timeline.acts.len())
        .map(|number| format!("{number:<COLUMN$}"))
        .collect();
    let numbers = numbers.concat();
    line(
        &mut text,
        &format!("IRP  {:<who$}  act {numbers}", "pended by"),
    );
    for (number, irp) in (1..).zip(&timeline.irps) {
        let lane = lane(irp, timeline.acts.len());
        line(
            &mut text,
            &format!("{number:>3}  {:<who$}      {lane}", irp.by),
        );
    }
    let letters = Way::ALL.map(|way| format!("{} {}", way.letter(), way.meaning()));
    line(
        &mut text,
        &format!("\no pended   - pending   {}", letters.join("   ")),
    );
    text
}

/// One line for each IRP: how long it waited, who ended it and how.
#[must_use]
pub fn irps(timeline: &Timeline) -> String {
    let who = width(timeline.irps.iter().map(|irp| irp.by.as_str()));
    let ends = timeline.irps.iter().filter_map(|irp| irp.end.as_ref());
    let ended = width(ends.map(|end| end.by.as_str()));
    let mut text = String::new();
    line(
        &mut text,
        &format!(
            "IRP  {:<who$}  {:>10}  {:<ended$}  status",
            "pended by", "waited", "ended by"
        ),
    );
    for (number, irp) in (1..).zip(&timeline.irps) {
        let row = match (&irp.end, irp.waited()) {
            (Some(end), Some(waited)) => {
                let waited = milliseconds(waited);
                format!("{waited:>10}  {:<ended$}  {}", end.by, end.status)
            }
            _ => format!("{:>10}  {:<ended$}  STILL PENDING", "", "nobody"),
        };
        line(&mut text, &format!("{number:>3}  {:<who$}  {row}", irp.by));
    }
    text
}

/// The lane of one IRP, `acts` columns wide.
fn lane(irp: &Irp, acts: usize) -> String {
    let end = irp.end.as_ref();
    let mut lane = " ".repeat(irp.act * COLUMN);
    lane.push('o');
    match end {
        Some(end) => {
            let length = end.act.saturating_sub(irp.act) * COLUMN;
            lane.push_str(&"-".repeat(length.saturating_sub(1)));
            lane.push(end.way.letter());
        }
        None => lane.push_str(&"-".repeat(acts.saturating_sub(irp.act) * COLUMN)),
    }
    lane
}

/// The width of the longest of some words, and of the headings.
fn width<'a>(words: impl Iterator<Item = &'a str>) -> usize {
    words
        .map(|word| word.chars().count())
        .max()
        .unwrap_or(0)
        .max("pended by".len())
}

/// Appends a line without blanks at its end.
fn line(text: &mut String, content: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}", content.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn timeline() -> Timeline {
        let at = Duration::from_millis;
        let mut timeline = Timeline::default();
        timeline.act(at(0), "handle A pends IRPs 1 and 2");
        let first = timeline.pended(at(1), "handle A");
        timeline.pended(at(2), "handle A");
        timeline.act(at(3), "handle B pends IRP 3");
        let third = timeline.pended(at(3), "handle B");
        timeline.act(at(4), "handle B is closed");
        timeline.ended(third, at(9), Way::Closed, "CloseHandle", "STATUS_CANCELLED");
        timeline.act(at(10), "a server completes the oldest");
        timeline.ended(
            first,
            at(12),
            Way::Completed,
            "COMPLETE_NEXT",
            "STATUS_SUCCESS",
        );
        timeline
    }

    #[test]
    fn lanes_run_from_act_to_act() {
        let expected = "\
IRP  pended by  act 1  2  3  4
  1  handle A       o--------C
  2  handle A       o------------
  3  handle B          o--H
";
        let text = lanes(&timeline());
        assert!(text.starts_with(expected), "\n{text}");
        assert!(text.contains("K process killed"));
    }

    #[test]
    fn each_irp_has_a_line() {
        let expected = "\
IRP  pended by      waited  ended by       status
  1  handle A      11.0 ms  COMPLETE_NEXT  STATUS_SUCCESS
  2  handle A               nobody         STILL PENDING
  3  handle B       6.0 ms  CloseHandle    STATUS_CANCELLED
";
        assert_eq!(irps(&timeline()), expected);
    }

    #[test]
    fn each_act_has_a_line() {
        let text = acts(&timeline());
        assert_eq!(text.lines().count(), 5);
        assert_eq!(
            text.lines().nth(2),
            Some("  2   3.0 ms  handle B pends IRP 3")
        );
    }

    #[test]
    fn an_empty_timeline_is_no_trouble() {
        let empty = Timeline::default();
        assert_eq!(irps(&empty).lines().count(), 1);
        assert!(!lanes(&empty).is_empty() && !acts(&empty).is_empty());
    }
}
