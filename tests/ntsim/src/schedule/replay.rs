//! One schedule again, from what a report printed.

use super::{Choice, Strategy};

/// The digits of a printed schedule: thread 10 is `a`.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Writes the decisions of a run.
#[must_use]
pub fn encode(choices: &[u8]) -> String {
    if choices.is_empty() {
        return "-".into();
    }
    let digit = |choice: &u8| {
        DIGITS
            .get(usize::from(*choice))
            .map_or('?', |digit| char::from(*digit))
    };
    choices.iter().map(digit).collect()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// A sentence about the first character that cannot be.
pub fn decode(text: &str) -> Result<Vec<u8>, String> {
    if text == "-" {
        return Ok(Vec::new());
    }
    let value = |character: char| {
        let position = DIGITS
            .iter()
            .position(|digit| char::from(*digit) == character);
        position.map(|position| position as u8).ok_or_else(|| {
            format!("the schedule has {character:?} in it; it consists of the digits 0-9 and a-z")
        })
    };
    text.chars().map(value).collect()
}

/// The schedule.
pub struct Replay {
    choices: Vec<u8>,
    next: usize,
    started: bool,
}

impl Replay {
    /// Replays these decisions.
    #[must_use]
    pub const fn new(choices: Vec<u8>) -> Self {
        Self {
            choices,
            next: 0,
            started: false,
        }
    }
}

impl Strategy for Replay {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.started, true)
    }

    /// `None` when the schedule is over or names a thread that cannot go on: then it is from another
    /// driver or scenario, and the caller sees that no finding came of it.
    fn choose(&mut self, choices: &[Choice<'_>], _current: Option<usize>) -> Option<usize> {
        let thread = usize::from(*self.choices.get(self.next)?);
        self.next += 1;
        choices
            .iter()
            .any(|choice| choice.thread == thread)
            .then_some(thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let choices = vec![0, 1, 2, 10, 35, 1];
        assert_eq!(encode(&choices), "012az1");
        assert_eq!(decode(&encode(&choices)), Ok(choices));
        assert_eq!(decode(&encode(&[])), Ok(vec![]));
        assert!(decode("01 2").is_err());
    }
}
