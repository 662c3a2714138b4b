//! Which instructions of the driver have been executed.
//!
//! Each instruction that is watched has a breakpoint, which is taken away when it is reached: so the
//! driver runs at full speed once it has been everywhere it goes. Not together with the race detector,
//! which reads the instructions.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use crate::image::Way;
use crate::machine;
use crate::trap::Fault;

/// `int 3`.
const BREAKPOINT: u8 = 0xcc;

#[derive(Debug, Default)]
struct Coverage {
    /// The instructions that are waited for, by the offset where they are executed: what offset they have, and
    /// their first byte.
    waiting: HashMap<usize, (usize, u8)>,
    reached: BTreeSet<usize>,
}

thread_local! {
    static COVERAGE: RefCell<Coverage> = RefCell::new(Coverage::default());
}

/// Watches the instructions at these offsets of the image in this OS thread's machine. To be called
/// again for each machine; what was reached before is not watched again.
pub fn watch(instructions: &BTreeSet<usize>) {
    COVERAGE.with_borrow_mut(|coverage| {
        machine::with(|machine| {
            let image = &mut machine.image;
            image.set_way(Way::Breakpoint);
            let reached = &coverage.reached;
            // Interlocked instructions have a breakpoint of their own.
            let new = instructions.iter().filter(|&&offset| {
                !reached.contains(&offset) && image.site_at(image.base() + offset).is_none()
            });
            let bytes = new.filter_map(|&offset| {
                let place = image.executed_at(offset);
                Some((place, (offset, image.byte(place)?)))
            });
            coverage.waiting = bytes.collect();
            image.patch(coverage.waiting.keys().map(|offset| (*offset, BREAKPOINT)));
        });
    });
}

/// The offsets of the watched instructions that were reached on this OS thread.
#[must_use]
pub fn reached() -> BTreeSet<usize> {
    COVERAGE.with_borrow(|coverage| coverage.reached.clone())
}

/// The interlocked instruction at an address has been reached.
pub(crate) fn count(address: usize) {
    let base = machine::try_with(|machine| machine.image.base());
    COVERAGE.with(|coverage| {
        if let (Some(base), Ok(mut coverage)) = (base, coverage.try_borrow_mut()) {
            coverage.reached.insert(address.wrapping_sub(base));
        }
    });
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
