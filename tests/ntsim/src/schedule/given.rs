//! Each decision from a byte that somebody else has thought of: a fuzzer, or a test that draws it.

use super::{Choice, Strategy};

/// One schedule.
#[derive(Debug)]
pub struct Given {
    bytes: std::vec::IntoIter<u8>,
    started: bool,
}

impl Given {
    /// The schedule in which each decision is the next byte, modulo the number of threads that can go
    /// on. When they are used up, the thread that runs goes on for as long as it can.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes: bytes.into_iter(),
            started: false,
        }
    }
}

impl Strategy for Given {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.started, true)
    }

    fn choose(&mut self, choices: &[Choice<'_>], current: Option<usize>) -> Option<usize> {
        let mut threads = choices.iter().map(|choice| choice.thread);
        match self.bytes.next() {
            Some(byte) => threads.nth(usize::from(byte) % choices.len()),
            None => threads
                .clone()
                .find(|thread| Some(*thread) == current)
                .or_else(|| threads.next()),
        }
    }
}
