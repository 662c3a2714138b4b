//! What processors do not share, in cache lines of its own.

/// The size of a cache line.
const LINE: usize = 64;

/// Keeps the words before and after it from sharing a cache line, wherever the structure begins:
/// nobody aligns a device extension to one.
pub(super) struct Apart {
    _unused: [u64; LINE / size_of::<u64>() - 1],
}

impl Apart {
    pub(super) const fn new() -> Self {
        Self {
            _unused: [0; LINE / size_of::<u64>() - 1],
        }
    }
}
