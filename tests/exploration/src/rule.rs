//! What csq.sys must never do, beyond the rules that hold for every driver.

pub mod account;
pub mod behavior;
pub mod failure;

use ntsim::rule::Rule;

/// All of them.
#[must_use]
pub fn all() -> Vec<&'static Rule> {
    [account::ALL, behavior::ALL, failure::ALL].concat()
}
