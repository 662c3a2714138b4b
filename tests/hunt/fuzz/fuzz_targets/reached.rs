//! Tells libFuzzer which instructions of csq.sys an input was the first to reach: of the driver's code it
//! sees nothing by itself.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use differential::{coverage, machine};

/// More than there are bytes of code. libFuzzer looks at what is in this section, and clears it before each
/// input.
#[unsafe(link_section = "__libfuzzer_extra_counters")]
static REACHED: [AtomicU8; 1 << 15] = [const { AtomicU8::new(0) }; 1 << 15];

/// What earlier inputs have reached.
static KNOWN: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

/// Watches csq.sys.
pub fn begin() {
    let reachable = coverage::reachable(&machine::path()).expect("`cargo make` builds csq.sys");
    coverage::begin(&reachable);
}

/// Counts what has been reached for the first time.
pub fn count() {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let reached = ntsim::coverage::reached();
    if reached.len() == known.len() {
        return;
    }
    for offset in reached.difference(&known) {
        if let Some(counter) = REACHED.get(offset % REACHED.len()) {
            counter.store(1, Ordering::Relaxed);
        }
    }
    *known = reached;
}
