//! Which instructions of the driver have been executed.
//!
//! Each instruction that is watched has a breakpoint, which is taken away when it is reached: so the
//! driver runs at full speed once it has been everywhere it goes.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use crate::image::BREAKPOINT;
use crate::machine;
use crate::trap::Fault;

#[derive(Debug, Default)]
struct Coverage {
    /// The instructions that are waited for, by the offset where they are executed: what offset they have, and
    /// their first byte.
    waiting: HashMap<usize, (usize, u8)>,
    reached: BTreeSet<usize>,
    /// All that is watched, and in which copy of the code.
    watched: BTreeSet<usize>,
    copy: usize,
}

thread_local! {
    static COVERAGE: RefCell<Coverage> = RefCell::new(Coverage::default());
}

/// Watches the instructions at these offsets of the image in this OS thread's machine. To be called
/// again for each machine; what was reached before is not watched again.
pub fn watch(instructions: &BTreeSet<usize>) {
    COVERAGE.with_borrow_mut(|coverage| {
        machine::with(|machine| {
            let image = &machine.image;
            coverage.watched.clone_from(instructions);
            coverage.copy = image.copies_made();
            let reached = &coverage.reached;
            let new = instructions
                .iter()
                .filter(|offset| !reached.contains(offset));
            let bytes = new.map(|&offset| {
                let place = image.executed_at(offset);
                (place, (offset, image.byte(place)))
            });
            coverage.waiting = bytes.collect();
            image.patch(coverage.waiting.keys().map(|offset| (*offset, BREAKPOINT)));
        });
    });
}

/// The code may have been copied anew: watches what was watched there.
pub(crate) fn refresh() {
    let watched = COVERAGE.with_borrow(|coverage| {
        let copy = machine::with(|machine| machine.image.copies_made());
        let moved = !coverage.watched.is_empty() && copy != coverage.copy;
        moved.then(|| coverage.watched.clone())
    });
    if let Some(watched) = watched {
        watch(&watched);
    }
}

/// The offsets of the watched instructions that were reached on this OS thread.
#[must_use]
pub fn reached() -> BTreeSet<usize> {
    COVERAGE.with_borrow(|coverage| coverage.reached.clone())
}

/// If a breakpoint of a watched instruction was hit, takes it away and goes back to the instruction.
pub(crate) fn reached_by(fault: &mut Fault<'_>) -> bool {
    let address = fault.rip().wrapping_sub(1);
    let found = machine::try_with(|machine| {
        let offset = address.checked_sub(machine.image.base())?;
        let byte = COVERAGE.with(|coverage| {
            let mut coverage = coverage.try_borrow_mut().ok()?;
            let (watched, byte) = coverage.waiting.remove(&offset)?;
            coverage.reached.insert(watched);
            Some(byte)
        })?;
        machine.image.patch([(offset, byte)]);
        Some(())
    });
    let found = found.flatten().is_some();
    if found {
        fault.resume_at(address);
    }
    found
}
