//! Pool memory.

use super::{BugCheck, VERIFIER, rules};

rules! {
    DOUBLE_FREE = "bad-free", Some(BugCheck(0xc2, "BAD_POOL_CALLER")),
        "What is freed is a block that is allocated.";
    WRONG_TAG = "wrong-tag", Some(BugCheck(0xc2, "BAD_POOL_CALLER")),
        "A block is freed with the tag that it was allocated with.";
    ZERO_BYTES = "zero-bytes", VERIFIER,
        "Nobody allocates 0 bytes, or with tag 0.";
}
