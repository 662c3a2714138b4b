//! Each decision by chance.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::{Choice, Strategy};

/// The walk.
pub struct Random {
    chance: StdRng,
    /// How many schedules are left.
    left: usize,
}

impl Random {
    /// `schedules` schedules from a seed.
    #[must_use]
    pub fn new(seed: u64, schedules: usize) -> Self {
        Self {
            chance: StdRng::seed_from_u64(seed),
            left: schedules,
        }
    }
}

impl Strategy for Random {
    fn begin(&mut self) -> bool {
        let more = self.left != 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    fn choose(&mut self, choices: &[Choice<'_>], _current: Option<usize>) -> Option<usize> {
        choices.choose(&mut self.chance).map(|choice| choice.thread)
    }
}
