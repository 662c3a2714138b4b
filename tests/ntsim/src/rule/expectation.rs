//! What a scenario expects.

use super::rules;

rules! {
    /// Of a scenario in a file.
    UNEXPECTED = "not-as-expected", None,
        "A request ends as the scenario says.";
}
