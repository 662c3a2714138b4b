//! Schedules of an earlier exploration again, to show that nothing has changed.

use super::{Choice, Strategy};

/// The schedules.
#[derive(Debug)]
pub struct Again {
    schedules: Vec<Vec<u8>>,
    /// How many have begun.
    begun: usize,
    /// How many decisions of the last one were taken.
    taken: usize,
    differs: bool,
    ended: bool,
}

impl Again {
    /// Takes the decisions of these schedules again.
    #[must_use]
    pub const fn new(schedules: Vec<Vec<u8>>) -> Self {
        Self {
            schedules,
            begun: 0,
            taken: 0,
            differs: false,
            ended: false,
        }
    }

    fn current(&self) -> Option<&[u8]> {
        let last = self.begun.checked_sub(1)?;
        self.schedules.get(last).map(Vec::as_slice)
    }
}

impl Strategy for Again {
    fn begin(&mut self) -> bool {
        self.differs |= self.current().is_some_and(|it| it.len() != self.taken);
        self.taken = 0;
        if self.begun == self.schedules.len() || self.differs {
            self.ended = !self.differs;
            return false;
        }
        self.begun += 1;
        true
    }

    fn choose(&mut self, choices: &[Choice<'_>], _current: Option<usize>) -> Option<usize> {
        let next = self.current().and_then(|it| it.get(self.taken)).copied();
        let next = next.map(usize::from);
        let found = next.filter(|next| choices.iter().any(|choice| choice.thread == *next));
        self.differs |= found.is_none();
        self.taken += 1;
        found
    }

    /// As when the schedules were found: what races has not to be new.
    fn learns(&self) -> bool {
        true
    }

    fn restart(&mut self) {
        self.differs = true;
    }

    fn is_exhaustive(&self) -> bool {
        self.ended
    }
}
