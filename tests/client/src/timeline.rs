//! The life of each IRP of a demonstration: who pended it, how long it waited, who ended it.
//!
//! A [`Timeline`] is a list of acts (somebody does something) and a list of IRPs, each pended by
//! one act and ended by another. [`render`] makes text of it.

use serde::Serialize;
use std::time::Duration;

pub mod render;

/// Number of an act, counted from 0.
pub type ActId = usize;
/// Number of an IRP, counted from 0.
pub type IrpId = usize;

/// Somebody does something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Act {
    /// When it began.
    #[serde(rename = "at_ms", serialize_with = "as_milliseconds")]
    pub at: Duration,
    /// What is done, in words.
    pub what: String,
}

/// In which way an IRP ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A server completed it.
    Completed,
    /// It was canceled.
    Canceled,
    /// Its time was over.
    TimedOut,
    /// Its handle was closed.
    Closed,
    /// Its process was killed.
    Killed,
    /// The device was removed.
    Removed,
}

impl Way {
    /// All ways.
    pub const ALL: [Self; 6] = [
        Self::Completed,
        Self::Canceled,
        Self::TimedOut,
        Self::Closed,
        Self::Killed,
        Self::Removed,
    ];

    /// The letter that stands for it in the picture.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Completed => 'C',
            Self::Canceled => 'X',
            Self::TimedOut => 'T',
            Self::Closed => 'H',
            Self::Killed => 'K',
            Self::Removed => 'R',
        }
    }

    /// What the letter means.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Canceled => "canceled",
            Self::TimedOut => "timed out",
            Self::Closed => "handle closed",
            Self::Killed => "process killed",
            Self::Removed => "device removed",
        }
    }
}

/// How an IRP ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// During which act.
    pub act: ActId,
    /// When it was seen to have ended.
    #[serde(rename = "at_ms", serialize_with = "as_milliseconds")]
    pub at: Duration,
    /// In which way.
    pub way: Way,
    /// Who ended it, in words.
    pub by: String,
    /// The name of its status, or why nobody saw it.
    pub status: String,
}

/// One IRP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Irp {
    /// Who pended it, in words.
    pub by: String,
    /// During which act.
    pub act: ActId,
    /// When.
    #[serde(rename = "at_ms", serialize_with = "as_milliseconds")]
    pub at: Duration,
    /// How it ended, if it did.
    pub end: Option<End>,
}

impl Irp {
    /// How long it waited, if it ended.
    #[must_use]
    pub fn waited(&self) -> Option<Duration> {
        Some(self.end.as_ref()?.at.saturating_sub(self.at))
    }
}

/// What happened, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// What was done.
    pub acts: Vec<Act>,
    /// The IRPs it was done to.
    pub irps: Vec<Irp>,
}

impl Timeline {
    /// Begins an act.
    pub fn act(&mut self, at: Duration, what: impl Into<String>) -> ActId {
        let what = what.into();
        self.acts.push(Act { at, what });
        self.acts.len() - 1
    }

    /// Somebody pended an IRP during the current act.
    pub fn pended(&mut self, at: Duration, by: impl Into<String>) -> IrpId {
        self.irps.push(Irp {
            by: by.into(),
            act: self.acts.len().saturating_sub(1),
            at,
            end: None,
        });
        self.irps.len() - 1
    }

    /// An IRP was seen to have ended during the current act. Only the first end counts.
    pub fn ended(
        &mut self,
        irp: IrpId,
        at: Duration,
        way: Way,
        by: impl Into<String>,
        status: impl Into<String>,
    ) {
        let act = self.acts.len().saturating_sub(1);
        if let Some(irp) = self.irps.get_mut(irp) {
            irp.end.get_or_insert(End {
                act,
                at,
                way,
                by: by.into(),
                status: status.into(),
            });
        }
    }

    /// IRPs that have not ended.
    #[must_use]
    pub fn open(&self) -> usize {
        self.irps.iter().filter(|irp| irp.end.is_none()).count()
    }
}

fn as_milliseconds<S: serde::Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((at.as_secs_f64() * 1e6).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_end_counts() {
        let mut timeline = Timeline::default();
        timeline.act(Duration::ZERO, "A pends");
        let irp = timeline.pended(Duration::from_millis(1), "A");
        assert_eq!(timeline.open(), 1);
        timeline.act(Duration::from_millis(2), "A cancels");
        timeline.ended(
            irp,
            Duration::from_millis(3),
            Way::Canceled,
            "A",
            "STATUS_CANCELLED",
        );
        timeline.ended(
            irp,
            Duration::from_millis(9),
            Way::Removed,
            "B",
            "STATUS_SUCCESS",
        );
        assert_eq!(timeline.open(), 0);
        let end = timeline.irps[irp].end.as_ref().unwrap();
        assert_eq!((end.way, end.act), (Way::Canceled, 1));
        assert_eq!(timeline.irps[irp].waited(), Some(Duration::from_millis(2)));
    }

    #[test]
    fn letters_differ() {
        let mut letters: Vec<char> = Way::ALL.iter().map(|way| way.letter()).collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), Way::ALL.len());
    }

    #[test]
    fn json_has_times_in_milliseconds() {
        let mut timeline = Timeline::default();
        timeline.act(Duration::from_micros(1500), "x");
        assert_eq!(
            serde_json::to_value(&timeline).unwrap()["acts"][0]["at_ms"],
            1.5
        );
    }
}
