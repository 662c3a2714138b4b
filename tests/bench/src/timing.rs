//! Timing drivers side by side: a batch of each in turn, round after round.
//!
//! What disturbs a measurement (other programs, the clock of the processor) then disturbs all
//! drivers alike, and the ratio of one round is worth more than the ratio of two averages.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

/// Rounds that every driver takes part in.
const COMMON_ROUNDS: usize = 3;
/// A driver whose batches have taken so long sits out the others: for the rest of the rounds, the
/// caches and the processor are as they are among drivers of one speed.
const PATIENCE: Duration = Duration::from_millis(200);

/// One batch of a driver: nanoseconds per operation.
pub type Batch<'a> = Box<dyn FnMut() -> Result<f64> + 'a>;

/// The middle of a number of values, and between which nine and one tenths of them lie.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// A tenth of the values are below.
    pub low: f64,
    /// A tenth are above.
    pub high: f64,
}

impl Spread {
    /// Of some values; `None` of none.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |tenths: usize| values.get((values.len().saturating_sub(1) * tenths + 5) / 10);
        Some(Self {
            median: *at(5)?,
            low: *at(1)?,
            high: *at(9)?,
        })
    }
}

/// What came of one measurement of all drivers.
#[derive(Clone, Debug, Serialize)]
pub struct Timing {
    /// What was done.
    pub name: String,
    /// What one operation is.
    pub unit: &'static str,
    /// How many requests were pending.
    pub depth: usize,
    /// How many threads did it.
    pub threads: usize,
    /// The most batches of a driver.
    pub rounds: usize,
    /// Nanoseconds per operation, one for each driver; `None` for what it cannot do.
    pub nanoseconds: Vec<Option<Spread>>,
    /// The first driver's time divided by each other's, round by round.
    pub ratios: Vec<Option<Spread>>,
}

/// For each driver, nanoseconds per operation of each of its batches, in the order of the rounds.
pub type Times = Vec<Vec<f64>>;

/// Runs `batches`, one for each driver, `rounds` times in turn, after one round to warm up. A slow
/// driver takes part in fewer rounds, the first ones; what is no batch, in none.
///
/// # Errors
/// That of a batch.
pub fn measure(mut batches: Vec<Option<Batch<'_>>>, rounds: usize) -> Result<Times> {
    let drivers = batches.len();
    let mut times: Times = vec![Vec::new(); drivers];
    let mut spent = vec![Duration::ZERO; drivers];
    for round in 0..=rounds {
        for turn in 0..drivers {
            // Who comes first changes too.
            let which = (turn + round) % drivers;
            if let (Some(Some(batch)), Some(times), Some(spent)) = (
                batches.get_mut(which),
                times.get_mut(which),
                spent.get_mut(which),
            ) {
                if round > COMMON_ROUNDS && *spent > PATIENCE {
                    continue;
                }
                let start = Instant::now();
                let time = batch()?;
                *spent += start.elapsed();
                if round > 0 {
                    times.push(time);
                }
            }
        }
    }
    Ok(times)
}

/// The time of each driver.
pub fn nanoseconds(placements: &[Times]) -> Vec<Option<Spread>> {
    let of_driver = |driver| {
        let times = placements.iter().filter_map(move |times| times.get(driver));
        Spread::of(times.flatten().copied().collect())
    };
    (0..drivers(placements)).map(of_driver).collect()
}

/// The first driver's time divided by each other's, round by round.
pub fn ratios(placements: &[Times]) -> Vec<Option<Spread>> {
    let to_driver = |driver| {
        let pairs = placements.iter().flat_map(move |times| {
            let (first, other) = (times.first(), times.get(driver));
            let pairs = first.into_iter().flatten().zip(other.into_iter().flatten());
            pairs.map(|(first, other)| first / other)
        });
        Spread::of(pairs.collect())
    };
    (1..drivers(placements)).map(to_driver).collect()
}

fn drivers(placements: &[Times]) -> usize {
    placements.first().map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_a_hundred_and_one_values() {
        let spread = Spread::of((0..=100).rev().map(f64::from).collect()).unwrap();
        let is = |value: f64, expected: f64| (value - expected).abs() < 1e-9;
        assert!(is(spread.low, 10.0) && is(spread.median, 50.0) && is(spread.high, 90.0));
        assert!(Spread::of(Vec::new()).is_none());
    }

    #[test]
    fn ratios_are_those_of_each_round() {
        let (mut one, mut other) = (0.0, 0.0);
        // Both get slower from round to round, as on a machine that gets busy.
        let first: Batch<'_> = Box::new(|| {
            one += 1.0;
            Ok(one)
        });
        let second: Batch<'_> = Box::new(|| {
            other += 2.0;
            Ok(other)
        });
        let times = measure(vec![Some(first), Some(second), None], 3).unwrap();
        let placements = [times];
        let ratios = ratios(&placements);
        let ratio = ratios.first().copied().flatten().unwrap();
        assert!((ratio.low - 0.5).abs() < 1e-9 && (ratio.high - 0.5).abs() < 1e-9);
        assert!(ratios.get(1).is_some_and(Option::is_none));
        assert!(nanoseconds(&placements).get(2).is_some_and(Option::is_none));
    }
}
