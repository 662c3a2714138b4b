//! What processors do not share, in cache lines of its own.

/// How many words of a cache line there are beside one.
const OTHERS: usize = 64 / size_of::<u64>() - 1;

/// Keeps the words before and after it from sharing a cache line, wherever the structure begins:
/// nobody aligns a device extension to one.
pub(super) struct Apart {
    _unused: [u64; OTHERS],
}

impl Apart {
    pub(super) const fn new() -> Self {
        Self {
            _unused: [0; OTHERS],
        }
    }
}
