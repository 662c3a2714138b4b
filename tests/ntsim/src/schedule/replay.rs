//! One schedule again, from what a report printed.

use super::{Choice, Strategy};

/// The digits of a printed schedule: thread 10 is `a`. Greater numbers are written as a dot and two
/// hexadecimal digits.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Writes the decisions of a run.
#[must_use]
pub fn encode(choices: &[u8]) -> String {
    if choices.is_empty() {
        return "-".into();
    }
    let digit = |choice: &u8| match DIGITS.get(usize::from(*choice)) {
        Some(digit) => char::from(*digit).to_string(),
        None => format!(".{choice:02x}"),
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
    let mut choices = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let digit = DIGITS
            .iter()
            .position(|digit| char::from(*digit) == character);
        let (choice, length) = match digit {
            Some(digit) => (Some(digit as u8), 1),
            None if character == '.' => {
                let number = rest.get(1..3);
                (number.and_then(|it| u8::from_str_radix(it, 16).ok()), 3)
            }
            None => (None, 1),
        };
        choices.push(choice.ok_or_else(|| {
            format!(
                "the schedule has {character:?} in it; it consists of the digits 0-9 and a-z, and of dots with two hexadecimal digits"
            )
        })?);
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(choices)
}

/// The schedule.
pub struct Replay {
    choices: Vec<u8>,
    next: usize,
    started: bool,
    misfit: Option<String>,
}

impl Replay {
    /// Replays these decisions.
    #[must_use]
    pub const fn new(choices: Vec<u8>) -> Self {
        Self {
            choices,
            next: 0,
            started: false,
            misfit: None,
        }
    }
}

impl Strategy for Replay {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.started, true)
    }

    /// `None` when the schedule is over or names a thread that cannot go on.
    fn choose(&mut self, choices: &[Choice<'_>], _current: Option<usize>) -> Option<usize> {
        let Some(thread) = self.choices.get(self.next).copied().map(usize::from) else {
            self.misfit = Some("it ends before the run does".into());
            return None;
        };
        self.next += 1;
        if choices.iter().any(|choice| choice.thread == thread) {
            return Some(thread);
        }
        self.misfit = Some(format!(
            "decision {} of {} is for T{thread}, which cannot go on there",
            self.next,
            self.choices.len()
        ));
        None
    }

    fn misfit(&self) -> Option<String> {
        let left = self.choices.len().saturating_sub(self.next);
        let unused = || format!("the run has ended, and {left} decision(s) are left");
        self.misfit.clone().or_else(|| (left != 0).then(unused))
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
        assert_eq!(decode(&encode(&[1, 36, 255, 2])), Ok(vec![1, 36, 255, 2]));
        for wrong in ["01 2", "01.2", "01.zz", "01.", "01é"] {
            assert!(decode(wrong).is_err(), "{wrong}");
        }
    }
}
