//! Data races.

use super::rules;

rules! {
    DATA_RACE = "data-race", None,
        "Two threads that touch the same memory, one of them to write, are ordered by a lock or another synchronization.";
}
