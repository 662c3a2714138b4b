//! How to go through the schedules, as options.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::explore::{Found, GoesOn, Limits, Outcome};
use crate::schedule::Strategy;
use crate::schedule::bounded::Bounded;
use crate::schedule::pct::Pct;
use crate::schedule::random::Random;
use crate::schedule::replay::{self, Replay};
use crate::schedule::sleep_set::SleepSet;
use crate::settings::CsqOrder;

/// A strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// All, one of each kind that can differ.
    SleepSet,
    /// All with at most `--bound` preemptions.
    Bounded,
    /// Each decision by chance, from `--seed`.
    Random,
    /// Random priorities with `--bound` changes, from `--seed`.
    Pct,
}

/// The options.
#[derive(Debug, Args)]
pub struct Search {
    /// How to go through the schedules.
    #[arg(long, value_enum, default_value_t = Kind::SleepSet)]
    strategy: Kind,
    /// The order in which `IoCsqInsertIrp` works; all three if not given.
    #[arg(long, value_enum)]
    csq_order: Option<CsqOrder>,
    /// Preemptions (bounded) or changes of priority (pct).
    #[arg(long, default_value_t = 2)]
    bound: usize,
    /// The seed of random and pct.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// At most so many schedules for each.
    #[arg(long)]
    schedules: Option<usize>,
    /// At most so many seconds of processor time for each.
    #[arg(long)]
    seconds: Option<f64>,
    /// Runs exactly this schedule again, as a report printed it.
    #[arg(long)]
    replay: Option<String>,
}

impl Search {
    /// The orders of `IoCsqInsertIrp` to try.
    pub fn orders(&self) -> Vec<CsqOrder> {
        self.csq_order
            .map_or_else(|| CsqOrder::ALL.to_vec(), |order| vec![order])
    }

    /// Whether a person has limited each exploration.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.schedules.is_some() || self.seconds.is_some()
    }

    /// Whether it is one schedule again.
    pub const fn is_replay(&self) -> bool {
        self.replay.is_some()
    }

    /// The strategy, fresh.
    ///
    /// # Errors
    /// A sentence on a schedule that is none.
    pub fn strategy(&self) -> Result<Box<dyn Strategy>, String> {
        if let Some(text) = &self.replay {
            return Ok(Box::new(Replay::new(replay::decode(text)?)));
        }
        let most = self.schedules.unwrap_or(10_000);
        Ok(match self.strategy {
            Kind::SleepSet => Box::new(SleepSet::default()),
            Kind::Bounded => Box::new(Bounded::new(self.bound)),
            Kind::Random => Box::new(Random::new(self.seed, most)),
            Kind::Pct => Box::new(Pct::new(self.seed, self.bound + 1, most)),
        })
    }

    /// Schedules by chance, for a search in order that came to no end: it hardly gets to those in
    /// which the first threads are interrupted late.
    pub fn by_chance(&self) -> Box<dyn Strategy> {
        Box::new(Pct::new(self.seed, self.bound + 1, usize::MAX))
    }

    /// What a person gave, or these seconds for each if nothing; after which findings it goes on.
    pub fn limits(&self, default_seconds: Option<f64>, goes_on: GoesOn) -> Limits {
        let own = !self.is_limited();
        let seconds = if own { default_seconds } else { self.seconds };
        Limits {
            schedules: self.schedules,
            time: seconds.map(Duration::from_secs_f64),
            goes_on,
        }
    }
}

/// Says that a schedule to replay belongs to something else, if it does.
pub fn misfit(outcome: &Outcome) -> Option<String> {
    let why = outcome.misfit.as_ref()?;
    Some(format!(
        "the schedule is from another driver or scenario, or from other options: {why}"
    ))
}

/// The name of an order on the command line.
pub fn order_name(order: CsqOrder) -> String {
    let value = order.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// What came of an exploration, in a line.
pub fn summary(name: &str, order: CsqOrder, outcome: &Outcome) -> String {
    format!(
        "{name} ({}): {} schedules ({} of them pruned) in {:.2} s, {}, {} endings, at most {} steps{}",
        order_name(order),
        outcome.schedules,
        outcome.pruned,
        outcome.time.as_secs_f64(),
        extent(outcome),
        outcome.endings,
        outcome.longest,
        learned(outcome)
    )
}

/// The same as a row of a table in Markdown; see [`TABLE`].
pub fn row(name: &str, order: CsqOrder, outcome: &Outcome) -> String {
    format!(
        "| {name} | {} | {} | {} | {:.2} s |",
        order_name(order),
        outcome.schedules,
        extent(outcome),
        outcome.time.as_secs_f64(),
    )
}

/// Above the rows.
pub const TABLE: &str = "| scenario | order | schedules | | time |\n|---|---|--:|---|--:|";

/// What had to become a point.
fn learned(outcome: &Outcome) -> String {
    let points =
        outcome.learned.points.instructions.len() + usize::from(outcome.learned.points.copies);
    if points == 0 {
        return String::new();
    }
    format!(", {points} learned points in {} rounds", outcome.rounds)
}

/// Whether these were all schedules, and if not, why there were no more.
pub fn extent(outcome: &Outcome) -> String {
    if outcome.exhausted {
        let ended: usize = outcome.passed.iter().map(|found: &Found| found.count).sum();
        return match ended {
            0 if outcome.again => "exhausted as in another order".to_owned(),
            0 => "exhausted".to_owned(),
            // What would have come after, nobody knows.
            _ => format!("exhausted ({ended} schedules only up to a finding)"),
        };
    }
    if let ([first, ..], None) = (outcome.blind.as_slice(), &outcome.found) {
        return format!("not exhausted, since nobody can come before {first}");
    }
    match &outcome.limits {
        _ if outcome.found.is_some() => "ended by a finding".to_owned(),
        Limits {
            schedules: Some(most),
            ..
        } if outcome.schedules >= *most => format!("bounded by {most} schedules"),
        Limits {
            time: Some(time), ..
        } => format!("bounded by {} s", time.as_secs_f64()),
        _ => "bounded by the strategy".to_owned(),
    }
}
