//! What must never happen, one file per subject.
//!
//! A rule has a short name for tables and tests, and the bug check that Windows (or Driver Verifier
//! on Windows) would stop with, where there is one. The checks are functions over the state of a
//! run; the simulated kernel calls them where the event is.

#![expect(
    clippy::doc_markdown,
    reason = "the meaning of a rule is also printed as it stands"
)]

use std::sync::OnceLock;

pub mod buffer;
pub mod completion;
pub mod csq;
pub mod deferred;
pub mod dispatch;
pub mod expectation;
pub mod fault;
pub mod guide;
pub mod irql;
pub mod lock;
pub mod mdl;
pub mod mutex;
pub mod object;
pub mod own_irp;
pub mod plug_and_play;
pub mod pool;
pub mod progress;
pub mod race;
pub mod reference;
pub mod registration;
pub mod unload;

/// Something that must never happen.
#[derive(Debug)]
pub struct Rule {
    /// The name in tables.
    pub name: &'static str,
    /// How Windows stops, if it notices.
    pub bug_check: Option<BugCheck>,
    /// The rule, in a sentence.
    pub meaning: &'static str,
}

/// A bug check's code and name.
#[derive(Clone, Copy, Debug)]
pub struct BugCheck(pub u32, pub &'static str);

/// `DRIVER_VERIFIER_DETECTED_VIOLATION`.
const VERIFIER: Option<BugCheck> = Some(BugCheck(0xc4, "DRIVER_VERIFIER_DETECTED_VIOLATION"));
/// `DRIVER_VERIFIER_IOMANAGER_VIOLATION`.
const IO_VERIFIER: Option<BugCheck> = Some(BugCheck(0xc9, "DRIVER_VERIFIER_IOMANAGER_VIOLATION"));
/// `IRQL_NOT_LESS_OR_EQUAL`.
const IRQL: Option<BugCheck> = Some(BugCheck(0x0a, "IRQL_NOT_LESS_OR_EQUAL"));

/// Makes statics of rules, and `ALL`, the list of them: a name, the bug check if Windows has one, the rule in a sentence.
#[macro_export]
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal, $bug_check:expr, $meaning:literal;)*) => {
        $(
            $(#[$doc])*
            #[doc = $meaning]
            pub static $rule: $crate::rule::Rule = $crate::rule::Rule {
                name: $name,
                bug_check: $bug_check,
                meaning: $meaning,
            };
        )*
        /// The rules of this file.
        pub static ALL: &[&$crate::rule::Rule] = &[$(&$rule),*];
    };
}
pub use crate::rules;

/// Rules that scenarios of a driver's own have.
static MORE: OnceLock<Vec<&'static Rule>> = OnceLock::new();

/// Adds the rules that a driver's own scenarios check, once in a process: they can be listed and allowed as others.
pub fn add(rules: Vec<&'static Rule>) {
    // A second time, they are there.
    let _ = MORE.set(rules);
}

/// Every rule, for the list that `ntsim rules` prints.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    own().chain(MORE.get().into_iter().flatten().copied())
}

/// The rules that hold for every driver.
pub fn own() -> impl Iterator<Item = &'static Rule> {
    [
        buffer::ALL,
        completion::ALL,
        csq::ALL,
        deferred::ALL,
        dispatch::ALL,
        expectation::ALL,
        fault::ALL,
        irql::ALL,
        lock::ALL,
        mdl::ALL,
        mutex::ALL,
        object::ALL,
        own_irp::ALL,
        plug_and_play::ALL,
        pool::ALL,
        progress::ALL,
        race::ALL,
        reference::ALL,
        registration::ALL,
        unload::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The rule of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.name == name)
}
