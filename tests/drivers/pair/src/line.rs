//! What was written at one end of the line and is not read yet.

use heapless::Deque;
use wdm::{Call, Guarded, Irp, NtStatus, Write};

use crate::Pair;

/// How many bytes are kept: few, for a device's state is made on the stack. What is written beyond that is not taken.
const CAPACITY: usize = 512;
/// How many are copied at once, to and from the stack.
const CHUNK: usize = 256;

/// Bytes in the order in which they were written.
pub struct Line(Guarded<State>);

struct State {
    bytes: Deque<u8, CAPACITY>,
    /// Somebody delivers: only they take bytes out, so that those reach the reads in order.
    is_delivering: bool,
    /// Look again: there may be more to read, or another read.
    is_more: bool,
    /// What is there is to be forgotten.
    is_cleared: bool,
}

impl Line {
    /// With nothing to read.
    pub const fn new() -> Self {
        Self(Guarded::new(State {
            bytes: Deque::new(),
            is_delivering: false,
            is_more: false,
            is_cleared: false,
        }))
    }

    /// Adds what `irp` writes, as much as there is room for. Returns how much that is.
    pub fn append(&self, call: &mut Call, irp: &Irp<Pair, Write>) -> Result<usize, NtStatus> {
        let mut taken = 0;
        loop {
            let mut chunk = [0; CHUNK];
            let count = irp.copy_to(taken, &mut chunk)?;
            let added = self.0.hold(call, |state| {
                let bytes = chunk.iter().take(count);
                bytes
                    .take_while(|byte| state.bytes.push_back(**byte).is_ok())
                    .count()
            });
            taken += added;
            if added < CHUNK {
                return Ok(taken);
            }
        }
    }

    /// Has `answer` answer one read after the other with the first bytes, for as long as there are some. It returns how
    /// many it has used, or `None` if nobody reads. One thread does that at a time, so the bytes reach the reads in order;
    /// another has that one look again.
    pub fn deliver(
        &self,
        call: &mut Call,
        mut answer: impl FnMut(&mut Call, &[u8]) -> Option<usize>,
    ) {
        if !self.0.hold(call, State::begin) {
            return;
        }
        let mut used = Some(0);
        loop {
            let mut chunk = [0; CHUNK];
            let Some(count) = self.0.hold(call, |state| state.go_on(used, &mut chunk)) else {
                return;
            };
            used = answer(call, chunk.get(..count).unwrap_or_default());
        }
    }

    /// Forgets what nobody will read.
    pub fn clear(&self, call: &mut Call) {
        self.0.hold(call, |state| state.is_cleared = true);
        self.deliver(call, |_, _| None);
    }
}

impl State {
    /// Whether the caller delivers. If somebody else does, they look again.
    fn begin(&mut self) -> bool {
        self.is_more = true;
        !core::mem::replace(&mut self.is_delivering, true)
    }

    /// Takes out what was used, and copies what comes next. `None` if there is nothing left to do.
    fn go_on(&mut self, used: Option<usize>, chunk: &mut [u8]) -> Option<usize> {
        for _ in 0..used.unwrap_or(0) {
            self.bytes.pop_front();
        }
        if core::mem::take(&mut self.is_cleared) {
            self.bytes.clear();
        }
        // Nobody read, and nothing has happened since: nobody will.
        let is_over = used.is_none() && !self.is_more;
        self.is_more = false;
        if is_over || self.bytes.is_empty() {
            self.is_delivering = false;
            return None;
        }
        let mut count = 0;
        for (to, byte) in chunk.iter_mut().zip(&self.bytes) {
            *to = *byte;
            count += 1;
        }
        Some(count)
    }
}
