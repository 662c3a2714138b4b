//! What csq.sys says of itself.

use super::rules;

rules! {
    UNBALANCED = "statistics-unbalanced", None,
        "In every snapshot of the statistics each request is counted exactly once.";
    WRONG_TOTAL = "statistics-wrong", None,
        "At rest the statistics say what has happened: no request is pending, and as many ended as were taken.";
}
