//! Keeps freed memory from being used again for a while.
//!
//! When an IRP is canceled, Wine's server queues a call with the IRP's address, and does not take
//! it back when the IRP completes first. The call then cancels whatever IRP has that address now.
//! An address that is not used again for some thousand IRPs makes such a late call harmless: what
//! is still there is a completed IRP, which has no cancel routine.

use std::sync::{Mutex, PoisonError};

/// A ring of freed blocks; the oldest leaves when a new one comes.
#[derive(Debug)]
pub struct Quarantine<T, const LENGTH: usize> {
    ring: Mutex<Ring<T, LENGTH>>,
}

#[derive(Debug)]
struct Ring<T, const LENGTH: usize> {
    blocks: [Option<T>; LENGTH],
    oldest: usize,
}

impl<T: Copy, const LENGTH: usize> Quarantine<T, LENGTH> {
    /// Empty. It allocates nothing, now or later: it stands in the way of a heap.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ring: Mutex::new(Ring {
                blocks: [None; LENGTH],
                oldest: 0,
            }),
        }
    }

    /// Takes `block` in; returns the one that has been in longest, if the ring is full.
    pub fn exchange(&self, block: T) -> Option<T> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let index = ring.oldest;
        ring.oldest = (index + 1) % LENGTH;
        ring.blocks.get_mut(index)?.replace(block)
    }
}

impl<T: Copy, const LENGTH: usize> Default for Quarantine<T, LENGTH> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_out_when_as_many_others_have_come_in() {
        let quarantine = Quarantine::<u32, 3>::new();
        let out: Vec<Option<u32>> = (0..6).map(|block| quarantine.exchange(block)).collect();
        assert_eq!(out, [None, None, None, Some(0), Some(1), Some(2)]);
    }
}
