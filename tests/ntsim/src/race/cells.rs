//! Who touched each byte, and when in that thread's time.
//!
//! Memory is kept in granules of eight bytes, each with the touches that may still matter, and these in pages,
//! which stay from run to run.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::world::step::{Effect, Span};

/// Bytes of a granule.
const GRANULE: usize = 8;
/// Granules of a page.
const PER_PAGE: usize = 512;

/// A touch of some bytes of one granule.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Which bytes, a bit each.
    mask: u8,
    /// Who.
    pub thread: usize,
    /// When, in that thread's time.
    pub time: u32,
    /// What it did.
    pub effect: Effect,
    /// Who says so.
    pub by: By,
}

/// What touches memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A step, which others can be ordered by: the number of its clock.
    Step(usize),
    /// What lies between steps: an instruction at an offset of the image.
    Instruction {
        /// Its offset.
        offset: usize,
        /// Whether the source says that it is atomic.
        atomic: bool,
    },
    /// A routine of the kernel that copies, fills or compares memory for the driver.
    Copy,
    /// Some other routine of the kernel.
    Kernel,
    /// The end of an object.
    End,
}

impl Record {
    /// Whether the touch is known to who has this clock.
    pub fn is_before(&self, clock: &[u32]) -> bool {
        clock
            .get(self.thread)
            .is_some_and(|known| self.time <= *known)
    }

    /// Whether another touch replaces this one.
    const fn is_replaced_by(&self, other: &Self) -> bool {
        let same = match (self.by, other.by) {
            (By::Step(_), By::Step(_))
            | (By::Copy, By::Copy)
            | (By::Kernel, By::Kernel)
            | (By::End, By::End) => true,
            (By::Instruction { offset, .. }, By::Instruction { offset: its, .. }) => offset == its,
            _ => false,
        };
        same && self.thread == other.thread
            && self.effect as u8 == other.effect as u8
            && self.mask & !other.mask == 0
    }
}

/// Multiplies: addresses need no more.
#[derive(Default)]
pub struct Multiply(u64);

impl Hasher for Multiply {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(usize::from(byte));
        }
    }

    fn write_usize(&mut self, value: usize) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (self.0 ^ value as u64).wrapping_mul(ODD);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// The touches of a run.
#[derive(Default)]
pub struct Cells {
    /// Which page of `slots` an address's page has.
    pages: HashMap<usize, usize, BuildHasherDefault<Multiply>>,
    /// The page that was asked for last.
    last: Option<(usize, usize)>,
    /// For each granule of each page, the number of its cell and one; 0 for none.
    slots: Vec<u32>,
    records: Vec<Vec<Record>>,
    /// Which of `slots` are used in this run; their cells are the first ones.
    used: Vec<usize>,
}

impl Cells {
    /// Nothing was touched.
    pub fn clear(&mut self) {
        for (cell, slot) in self.used.drain(..).enumerate() {
            if let Some(slot) = self.slots.get_mut(slot) {
                *slot = 0;
            }
            if let Some(cell) = self.records.get_mut(cell) {
                cell.clear();
            }
        }
    }

    /// Where a granule has its slot.
    fn slot(&mut self, granule: usize) -> usize {
        let (page, at) = (granule / PER_PAGE, granule % PER_PAGE);
        let number = match self.last {
            Some((last, number)) if last == page => number,
            _ => {
                let next = self.slots.len() / PER_PAGE;
                let number = *self.pages.entry(page).or_insert(next);
                if number == next {
                    self.slots.resize(self.slots.len() + PER_PAGE, 0);
                }
                self.last = Some((page, number));
                number
            }
        };
        number * PER_PAGE + at
    }

    /// The touches of a granule, to add to.
    fn cell(&mut self, granule: usize) -> &mut Vec<Record> {
        let slot = self.slot(granule);
        let found = self.slots.get(slot).copied().unwrap_or(0) as usize;
        let index = if found == 0 {
            let index = self.used.len();
            self.used.push(slot);
            if let Some(slot) = self.slots.get_mut(slot) {
                *slot = index as u32 + 1;
            }
            if index == self.records.len() {
                self.records.push(Vec::new());
            }
            index
        } else {
            found - 1
        };
        // There is one, for it was just looked up or made.
        self.records
            .get_mut(index)
            .unwrap_or_else(|| unreachable!("the cell exists"))
    }

    /// Whether a thread has touched these bytes in the same way since its last step: then all that it can race with has
    /// been compared with that touch.
    pub fn is_known(&mut self, span: Span, touch: &Record) -> bool {
        // An access that goes over the end of a granule is rare.
        if span.start % GRANULE + span.length > GRANULE {
            return false;
        }
        let (granule, mask) = (span.start / GRANULE, mask_of(span));
        let slot = self.slot(granule);
        let found = self.slots.get(slot).copied().unwrap_or(0) as usize;
        let cell = found
            .checked_sub(1)
            .and_then(|index| self.records.get(index));
        cell.into_iter().flatten().any(|it| {
            it.thread == touch.thread
                && it.time == touch.time
                && it.by == touch.by
                && it.effect == touch.effect
                && it.mask & mask == mask
        })
    }

    /// Shows every touch by another thread that has a byte in common with `span` and whose order with `effect`
    /// matters, with the address of the first such byte.
    pub fn conflicts(
        &mut self,
        span: Span,
        effect: Effect,
        thread: usize,
        mut show: impl FnMut(usize, &Record),
    ) {
        for (granule, mask) in granules(span) {
            let slot = self.slot(granule);
            let found = self.slots.get(slot).copied().unwrap_or(0) as usize;
            let cell = found
                .checked_sub(1)
                .and_then(|index| self.records.get(index));
            for record in cell.into_iter().flatten() {
                let common = record.mask & mask;
                if common != 0 && record.thread != thread && !record.effect.commutes_with(effect) {
                    let byte = common.trailing_zeros() as usize;
                    show(granule * GRANULE + byte, record);
                }
            }
        }
    }

    /// Notes a touch.
    pub fn note(&mut self, span: Span, touch: Record) {
        for (granule, mask) in granules(span) {
            let record = Record { mask, ..touch };
            let cell = self.cell(granule);
            match cell.iter_mut().find(|it| it.is_replaced_by(&record)) {
                Some(known) => *known = record,
                None => cell.push(record),
            }
        }
    }
}

impl Record {
    /// A touch of no bytes yet.
    pub const fn new(thread: usize, time: u32, effect: Effect, by: By) -> Self {
        Self {
            mask: 0,
            thread,
            time,
            effect,
            by,
        }
    }
}

/// Which bytes of the granule that the first byte is in, if all are in that.
const fn mask_of(span: Span) -> u8 {
    let from = span.start % GRANULE;
    ((1u16 << (from + span.length)) - (1u16 << from)) as u8
}

/// The granules that bytes are in, and which of their bytes.
fn granules(span: Span) -> impl Iterator<Item = (usize, u8)> {
    let (start, end) = (span.start, span.end());
    (start / GRANULE..end.div_ceil(GRANULE)).map(move |granule| {
        let first = granule * GRANULE;
        let from = start.saturating_sub(first).min(GRANULE);
        let to = (end - first).min(GRANULE);
        let bits = (1u16 << to) - (1u16 << from);
        (granule, bits as u8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: By = By::Instruction {
        offset: 0x10,
        atomic: false,
    };

    fn seen(cells: &mut Cells, span: Span, effect: Effect) -> Vec<(usize, usize)> {
        let mut seen = Vec::new();
        cells.conflicts(span, effect, 9, |address, it| {
            seen.push((address, it.thread));
        });
        seen
    }

    #[test]
    fn bytes_in_common_are_found() {
        let mut cells = Cells::default();
        cells.note(Span::new(0x1006, 4), Record::new(1, 5, Effect::Write, HERE));
        let mut at = |start, length| seen(&mut cells, Span::new(start, length), Effect::Read);
        assert_eq!(at(0x1000, 6), []);
        assert_eq!(at(0x1007, 1), [(0x1007, 1)]);
        assert_eq!(at(0x1000, 0x20), [(0x1006, 1), (0x1008, 1)]);
        assert_eq!(at(0x100a, 6), []);
        assert_eq!(at(0x1_0000_1006, 1), []);
    }

    #[test]
    fn only_the_same_touch_since_the_last_step_is_known() {
        let mut cells = Cells::default();
        let touch = |time| Record::new(1, time, Effect::Read, HERE);
        cells.note(Span::new(0x1004, 4), touch(5));
        let mut known = |start, length, touch| cells.is_known(Span::new(start, length), &touch);
        assert!(known(0x1004, 4, touch(5)) && known(0x1006, 2, touch(5)));
        assert!(!known(0x1004, 4, touch(6)) && !known(0x1003, 2, touch(5)));
        assert!(!known(0x1004, 8, touch(5)) && !known(0x100c, 4, touch(5)));
        let write = Record::new(1, 5, Effect::Write, HERE);
        let other = Record::new(2, 5, Effect::Read, HERE);
        assert!(!known(0x1004, 4, write) && !known(0x1004, 4, other));
    }

    #[test]
    fn what_commutes_and_ones_own_is_not_shown() {
        let mut cells = Cells::default();
        let span = Span::new(0x2000, 8);
        cells.note(span, Record::new(9, 5, Effect::Write, HERE));
        cells.note(span, Record::new(2, 5, Effect::Add, By::Step(0)));
        assert_eq!(seen(&mut cells, span, Effect::Add), []);
        assert_eq!(seen(&mut cells, span, Effect::Read), [(0x2000, 2)]);
        cells.clear();
        assert_eq!(seen(&mut cells, span, Effect::Read), []);
    }

    #[test]
    fn a_later_touch_of_fewer_bytes_leaves_the_earlier_one() {
        let mut cells = Cells::default();
        let touch = |time| Record::new(1, time, Effect::Write, HERE);
        cells.note(Span::new(0x3000, 8), touch(1));
        cells.note(Span::new(0x3000, 4), touch(2));
        let mut times = Vec::new();
        cells.conflicts(Span::new(0x3006, 1), Effect::Read, 2, |_, it| {
            times.push(it.time);
        });
        assert_eq!(times, [1]);
        cells.note(Span::new(0x3000, 8), touch(3));
        times.clear();
        cells.conflicts(Span::new(0x3006, 1), Effect::Read, 2, |_, it| {
            times.push(it.time);
        });
        assert_eq!(times, [3]);
        assert!(touch(3).is_before(&[0, 3, 0]) && !touch(3).is_before(&[0, 2, 0]));
    }
}
