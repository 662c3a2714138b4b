//! What comes of failures.

use ntsim::rules;

rules! {
    /// INV-02.
    IGNORED = "failure-ignored", None,
        "A request that needs what fails ends with that failure's status; one that does not need it succeeds.";
    /// TR-76.
    NOT_AGAIN = "unusable-after-failure", None,
        "What failed once succeeds when it is tried again.";
}
