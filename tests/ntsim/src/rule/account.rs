//! What csq.sys says of itself.

use super::rules;

rules! {
    /// INV-37, TR-23.
    UNBALANCED = "statistics-unbalanced", None,
        "In every snapshot of the statistics each request is counted exactly once.";
    /// INV-37.
    WRONG_TOTAL = "statistics-wrong", None,
        "At rest the statistics say what has happened: no request is pending, and as many ended as were taken.";
}
