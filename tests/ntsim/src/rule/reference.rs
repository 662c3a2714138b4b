//! Remove locks and rundown references.

use super::{VERIFIER, rules};

rules! {
    /// INV-62.
    REMOVE_LOCK_UNDERFLOW = "remove-lock-underflow", VERIFIER,
        "A remove lock is released as often as it is acquired.";
    /// INV-62, TR-66.
    REMOVE_LOCK_TAG = "remove-lock-tag", VERIFIER,
        "A remove lock is released with the tag that it was acquired with.";
    REMOVE_LOCK_NOT_INITIALIZED = "remove-lock-not-initialized", VERIFIER,
        "A remove lock is initialized before it is used.";
    RUNDOWN_UNDERFLOW = "rundown-underflow", None,
        "A rundown reference is released as often as it is acquired.";
    RUNDOWN_NOT_INITIALIZED = "rundown-not-initialized", None,
        "A rundown reference is initialized before it is used.";
}
