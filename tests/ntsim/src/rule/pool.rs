//! Pool memory.

use std::ops::Range;

use super::{BugCheck, VERIFIER, rules};
use crate::finding::Broken;
use crate::world::World;

rules! {
    DOUBLE_FREE = "bad-free", Some(BugCheck(0xc2, "BAD_POOL_CALLER")),
        "What is freed is a block that is allocated.";
    WRONG_TAG = "wrong-tag", Some(BugCheck(0xc2, "BAD_POOL_CALLER")),
        "A block is freed with the tag that it was allocated with.";
    ZERO_BYTES = "zero-bytes", VERIFIER,
        "Nobody allocates 0 bytes, or with tag 0.";
    LOOKASIDE_LEFT = "lookaside-leak", VERIFIER,
        "A lookaside list is deleted before its memory is freed, and before the driver is unloaded.";
}

/// Before memory is freed; all memory, when the driver is unloaded.
///
/// # Errors
/// The broken rule.
pub fn check_freed(world: &World, range: &Range<usize>) -> Result<(), Broken> {
    match world.lookasides.range(range.clone()).next() {
        None => Ok(()),
        Some(_) => Err(LOOKASIDE_LEFT.broken("a lookaside list was not deleted")),
    }
}
