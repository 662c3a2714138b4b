//! What happened in a run, in order.

use crate::caller;

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The thread.
    pub thread: usize,
    /// What it did.
    pub what: &'static str,
    /// To what: an address, 0 for nothing.
    pub object: usize,
    /// A value that belongs to it, such as a status.
    pub value: Option<u32>,
    /// The address in the driver from which it was done, if that is recorded; 0 if not, or outside of it.
    pub caller: usize,
}

/// All lines.
pub type Trace = Vec<Event>;

impl super::World {
    /// Adds a line for the current thread.
    pub fn log(&mut self, what: &'static str, object: usize, value: Option<u32>) {
        self.trace.push(Event {
            thread: self.current,
            what,
            object,
            value,
            caller: caller::recorded(),
        });
    }
}
