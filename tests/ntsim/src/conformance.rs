//! The simulated routines behave as Microsoft documents the real ones.
//!
//! Each test calls routines as a driver would, in a run of its own, and says which rule is broken, if
//! any.

#[path = "../tests/sample/image.rs"]
mod image;

mod buffer;
mod checkpoint;
mod csq;
mod deferred;
mod ex;
mod fault;
mod io;
mod ke;
mod kernel;
mod lock;
mod progress;
mod rtl;
mod strategies;

use std::path::Path;

use crate::explore::{Limits, explore};
use crate::machine::Machine;
use crate::schedule::Strategy;
use crate::schedule::sleep_set::SleepSet;
use crate::settings::{CsqOrder, Settings};

/// Runs `body` in every order, and returns the name of the rule that it breaks.
fn broken_rule_of(
    strategy: impl Strategy + 'static,
    order: CsqOrder,
    body: fn(),
) -> Option<&'static str> {
    let settings = Settings {
        csq_order: order,
        ..Settings::default()
    };
    Machine::install(&image::driver(), Path::new("sample.sys"), settings).unwrap();
    let outcome = explore(strategy, Limits::default(), |_| {}, body);
    assert_eq!(outcome.broken, None);
    outcome.found.map(|found| found.finding.rule.name)
}

fn broken_rule(body: fn()) -> Option<&'static str> {
    broken_rule_of(SleepSet::default(), CsqOrder::Documented, body)
}

/// Memory of a driver.
fn memory(size: usize) -> usize {
    crate::world::allocate(size, 0).unwrap()
}
