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
const PATIENCE: Duration = Duration::from_secs(2);

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

impl Timing {
    /// Runs `batches`, one for each driver, `rounds` times in turn, after one round to warm up, and
    /// fills in the numbers. A slow driver takes part in fewer rounds, the first ones.
    ///
    /// # Errors
    /// That of a batch.
    pub fn measure(mut self, mut batches: Vec<Option<Batch<'_>>>) -> Result<Self> {
        let drivers = batches.len();
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); drivers];
        let mut spent = vec![Duration::ZERO; drivers];
        for round in 0..=self.rounds {
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
        if let Some((first, others)) = times.split_first() {
            let ratio = |other: &Vec<f64>| {
                Spread::of(
                    first
                        .iter()
                        .zip(other)
                        .map(|(own, other)| own / other)
                        .collect(),
                )
            };
            self.ratios = others.iter().map(ratio).collect();
        }
        self.nanoseconds = times.into_iter().map(Spread::of).collect();
        Ok(self)
    }
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
        let timing = Timing {
            name: String::new(),
            unit: "",
            depth: 0,
            threads: 1,
            rounds: 3,
            nanoseconds: Vec::new(),
            ratios: Vec::new(),
        };
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
        let measured = timing
            .measure(vec![Some(first), Some(second), None])
            .unwrap();
        let ratio = measured.ratios.first().copied().flatten().unwrap();
        assert!((ratio.low - 0.5).abs() < 1e-9 && (ratio.high - 0.5).abs() < 1e-9);
        assert!(measured.ratios.get(1).is_some_and(Option::is_none));
        assert!(measured.nanoseconds.get(2).is_some_and(Option::is_none));
    }
}
