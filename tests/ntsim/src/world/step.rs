//! What a step touches, and so which steps of other threads it can influence.
//!
//! Two steps that cannot influence each other may be taken in either order with the same result, so one
//! order is enough. Whatever a step reads or changes that another thread can get at has to be said here: bytes
//! of the driver's memory by their address, what only the kernel knows by an address of [`kernel`].

use crate::machine;

/// As many places as a step touches at most.
const MOST: usize = 3;

/// Bytes of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first.
    pub start: usize,
    /// How many.
    pub length: usize,
}

impl Span {
    /// So many bytes from an address on.
    pub const fn new(start: usize, length: usize) -> Self {
        Self { start, length }
    }

    /// The object that lives at an address, to its last byte.
    pub fn object(address: usize) -> Self {
        let found = machine::try_with(|machine| machine.object_at(address)).flatten();
        found.map_or(Self::new(address, 1), |(start, size, _)| {
            Self::new(start, size.max(1))
        })
    }

    /// Behind the last byte.
    pub const fn end(self) -> usize {
        self.start.saturating_add(self.length)
    }

    /// Whether the two have a byte in common.
    pub const fn meets(self, other: Self) -> bool {
        self.start < other.end() && other.start < self.end()
    }

    /// Whether `other` lies in this one.
    pub const fn holds(self, other: Self) -> bool {
        self.start <= other.start && other.end() <= self.end()
    }

    /// One bit for each line of 64 bytes, modulo 64: spans without a common bit do not meet.
    const fn lines(self) -> u64 {
        const LINE: usize = 64;
        if self.length == 0 {
            return 0;
        }
        let (first, last) = (self.start / LINE, (self.end() - 1) / LINE);
        if last - first >= 63 {
            return u64::MAX;
        }
        let bits = (1u64 << (last - first + 1)) - 1;
        bits.rotate_left((first % 64) as u32)
    }
}

/// What a step does to bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Looks at them.
    #[default]
    Read,
    /// May change them, also depending on what they were.
    Write,
    /// Adds to the number there, and nobody looks at what comes out: two of these do not disturb each other,
    /// but who reads the number sees which have come before.
    Add,
    /// Counts up or down in a kernel object: two of these do not disturb each other.
    Count,
}

impl Effect {
    /// Whether the order of two on the same bytes does not matter.
    pub const fn commutes_with(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Read, Self::Read) | (Self::Add, Self::Add) | (Self::Count, Self::Count)
        )
    }
}

/// What a step touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Touches {
    places: [(Span, Effect); MOST],
    count: u8,
    /// Whether a strategy may let others go first, though they could not tell.
    noticed: bool,
    /// The processor, if threads share it: what one does there, the others cannot do at the same time.
    on: Option<u32>,
    lines: u64,
}

impl Touches {
    /// Nothing that another thread could notice, or only a condition that stays true: no decision.
    pub const NOTHING: Self = Self {
        places: [(Span::new(0, 0), Effect::Read); MOST],
        count: 0,
        noticed: false,
        on: None,
        lines: 0,
    };

    /// Nothing that a step of another thread could influence. Strategies by chance let others come here all the
    /// same, for a driver may wrongly use what they end.
    pub const OWN: Self = Self {
        noticed: true,
        ..Self::NOTHING
    };

    /// These bytes.
    pub const fn of(span: Span, effect: Effect) -> Self {
        const NONE: (Span, Effect) = (Span::new(0, 0), Effect::Read);
        Self {
            places: [(span, effect), NONE, NONE],
            count: (span.length != 0) as u8,
            lines: span.lines(),
            ..Self::OWN
        }
    }

    /// Reads bytes.
    pub const fn read(start: usize, length: usize) -> Self {
        Self::of(Span::new(start, length), Effect::Read)
    }

    /// Writes bytes.
    pub const fn write(start: usize, length: usize) -> Self {
        Self::of(Span::new(start, length), Effect::Write)
    }

    /// Counts in the kernel object at these bytes.
    pub const fn count(start: usize, length: usize) -> Self {
        Self::of(Span::new(start, length), Effect::Count)
    }

    /// Ends the life of an object: all of it.
    pub fn end(address: usize) -> Self {
        Self::of(Span::object(address), Effect::Write)
    }

    /// These bytes as well. More than there is room for are joined with the last ones, and whatever lies
    /// between.
    #[must_use]
    pub fn and(mut self, span: Span, effect: Effect) -> Self {
        if span.length == 0 {
            return self;
        }
        self.lines |= span.lines();
        if let Some(place) = self.places.get_mut(usize::from(self.count)) {
            *place = (span, effect);
            self.count += 1;
        } else if let Some((last, its)) = self.places.last_mut() {
            let (start, end) = (last.start.min(span.start), last.end().max(span.end()));
            (*last, *its) = (Span::new(start, end - start), Effect::Write);
            self.lines = u64::MAX;
        }
        self
    }

    /// The same on a processor that other threads use, too.
    #[must_use]
    pub const fn on(mut self, processor: Option<u32>) -> Self {
        self.on = processor;
        self.noticed = self.noticed || processor.is_some();
        self
    }

    /// The bytes, and what is done to them.
    pub fn places(&self) -> impl Iterator<Item = (Span, Effect)> {
        self.places.iter().copied().take(usize::from(self.count))
    }

    /// Whether a strategy has nothing to decide.
    pub const fn is_silent(&self) -> bool {
        !self.noticed
    }

    /// Whether no step of another thread can influence this one.
    pub const fn is_own(&self) -> bool {
        self.count == 0 && self.on.is_none()
    }

    /// Whether the step may do this to these bytes.
    pub fn covers(&self, span: Span, write: bool) -> bool {
        self.places().any(|(own, effect)| {
            own.holds(span) && (effect == Effect::Write || (!write && effect == Effect::Read))
        })
    }

    /// Whether the order of two steps of different threads does not matter.
    pub fn commutes_with(&self, other: &Self) -> bool {
        if self.on.is_some() && self.on == other.on {
            return false;
        }
        if self.lines & other.lines == 0 {
            return true;
        }
        self.places().all(|(one, effect)| {
            let mut others = other.places();
            others.all(|(two, its)| effect.commutes_with(its) || !one.meets(two))
        })
    }
}

/// Addresses that stand for what only the kernel knows. Nothing is mapped there.
pub mod kernel {
    /// The global cancel spin lock.
    pub const CANCEL_LOCK: usize = 0x100;
    /// The DPC queues of all processors.
    pub const DPC_QUEUES: usize = 0x200;
    /// Whether threads are in the driver that nobody waits for before it is unloaded.
    pub const IN_DRIVER: usize = 0x300;
    /// What providers have written.
    pub const TRACE: usize = 0x400;
    /// Files and IRPs, by number, each have so many bytes.
    const SIZE: usize = 8;
    const FILES: usize = 0x1000;
    const IRPS: usize = 0x8000;

    /// Which requests of a file object are with the driver.
    pub const fn file(number: usize) -> usize {
        FILES + number * SIZE
    }

    /// Whether the dispatch routine has returned for an IRP.
    pub const fn returned(irp: usize) -> usize {
        IRPS + irp * SIZE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [Touches; 9] {
        [
            Touches::NOTHING,
            Touches::OWN,
            Touches::read(0x1000, 8),
            Touches::write(0x1004, 1),
            Touches::of(Span::new(0x1000, 8), Effect::Add),
            Touches::count(0x1000, 8),
            Touches::write(0x2000, 0x1000),
            Touches::write(0x1000, 1).and(Span::new(0x2fff, 1), Effect::Read),
            Touches::OWN.on(Some(1)),
        ]
    }

    #[test]
    fn commuting_is_symmetric() {
        for one in all() {
            for two in all() {
                let orders = [one.commutes_with(&two), two.commutes_with(&one)];
                assert_eq!(orders[0], orders[1], "{one:?} {two:?}");
            }
        }
    }

    #[test]
    fn only_what_meets_and_changes_matters() {
        let read = Touches::read(0x1000, 8);
        assert!(read.commutes_with(&Touches::read(0x1004, 8)));
        assert!(!read.commutes_with(&Touches::write(0x1007, 1)));
        assert!(read.commutes_with(&Touches::write(0x1008, 1)));
        assert!(read.commutes_with(&Touches::write(0xfff, 1)));
        let add = Touches::of(Span::new(0x1000, 8), Effect::Add);
        assert!(add.commutes_with(&add));
        assert!(!add.commutes_with(&read));
        let count = Touches::count(0x1000, 8);
        assert!(count.commutes_with(&count));
        assert!(!count.commutes_with(&Touches::write(0x1000, 8)));
        assert!(Touches::OWN.commutes_with(&Touches::write(0, usize::MAX)));
    }

    #[test]
    fn each_place_of_a_step_counts() {
        let two = Touches::write(0x1000, 1).and(Span::new(0x2000, 1), Effect::Read);
        assert!(!two.commutes_with(&Touches::write(0x2000, 1)));
        assert!(two.commutes_with(&Touches::read(0x2000, 1)));
        let many = (0..5).fold(Touches::OWN, |touches, index| {
            touches.and(Span::new(0x1_0000 * (index + 1), 1), Effect::Read)
        });
        for index in 0..5 {
            assert!(!many.commutes_with(&Touches::write(0x1_0000 * (index + 1), 1)));
        }
    }

    #[test]
    fn lines_never_hide_a_common_byte() {
        for start in (0..0x3000).step_by(37) {
            for length in [1, 8, 63, 64, 65, 500, 5000] {
                let wide = Touches::write(start, length);
                for at in [start, start + length / 2, start + length - 1] {
                    assert!(
                        !wide.commutes_with(&Touches::read(at, 1)),
                        "{start} {length} {at}"
                    );
                }
            }
        }
    }

    #[test]
    fn steps_on_one_processor_are_ordered() {
        let (one, other) = (Touches::OWN.on(Some(1)), Touches::OWN.on(Some(2)));
        assert!(!one.commutes_with(&one));
        assert!(one.commutes_with(&other));
        assert!(one.commutes_with(&Touches::OWN));
    }
}
