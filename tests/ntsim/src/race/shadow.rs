//! Who touched each byte last.

use std::collections::BTreeMap;
use std::ops::Range;

use super::clock::{Clock, THREADS};

/// A touch of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Whether it writes.
    pub write: bool,
    /// Whether it is atomic.
    pub atomic: bool,
    /// The instruction's address; 0 for a kernel routine.
    pub place: usize,
}

/// Two touches that nothing orders.
#[derive(Clone, Copy, Debug)]
pub struct Conflict {
    /// The byte.
    pub address: usize,
    /// Who came first, in this run.
    pub earlier: (usize, Access),
    /// Who came later.
    pub later: (usize, Access),
}

/// One thread's last touch of a byte, and when in its time.
#[derive(Clone, Copy, Debug)]
struct Touch {
    time: u32,
    access: Access,
}

/// The last touches of a byte.
#[derive(Clone, Debug, Default)]
struct Byte {
    write: Option<(usize, Touch)>,
    reads: [Option<Touch>; THREADS],
}

/// The last touches of all bytes.
#[derive(Debug, Default)]
pub struct Shadow {
    bytes: BTreeMap<usize, Byte>,
}

/// Whether two touches of one byte may come in any order although nothing orders them.
const fn is_allowed(one: Access, two: Access) -> bool {
    // Two atomic accesses; or a load, which on x64 is no different when it is atomic.
    (one.atomic && (two.atomic || !two.write)) || (two.atomic && !one.write)
}

impl Shadow {
    /// Nothing was touched.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// A thread touches bytes.
    ///
    /// # Errors
    /// An earlier touch that nothing orders with this one.
    pub fn touch(
        &mut self,
        range: Range<usize>,
        thread: usize,
        clock: &Clock,
        access: Access,
    ) -> Result<(), Conflict> {
        let time = clock.get(thread).copied().unwrap_or(0);
        for address in range {
            let byte = self.bytes.entry(address).or_default();
            if let Some(earlier) = byte.conflict(thread, clock, access) {
                return Err(Conflict {
                    address,
                    earlier,
                    later: (thread, access),
                });
            }
            let touch = Touch { time, access };
            if access.write {
                byte.write = Some((thread, touch));
            } else if let Some(read) = byte.reads.get_mut(thread) {
                *read = Some(touch);
            }
        }
        Ok(())
    }

    /// The bytes are freed, which conflicts with every touch that is not ordered before.
    ///
    /// # Errors
    /// Such a touch.
    pub fn end(
        &mut self,
        range: Range<usize>,
        thread: usize,
        clock: &Clock,
    ) -> Result<(), Conflict> {
        let access = Access {
            write: true,
            ..Access::default()
        };
        let touched: Vec<usize> = self
            .bytes
            .range(range)
            .map(|(address, _)| *address)
            .collect();
        for address in touched {
            let byte = self.bytes.remove(&address);
            if let Some(earlier) = byte.and_then(|byte| byte.conflict(thread, clock, access)) {
                return Err(Conflict {
                    address,
                    earlier,
                    later: (thread, access),
                });
            }
        }
        Ok(())
    }
}

impl Byte {
    /// An earlier touch by another thread that `clock` does not know of and that must be ordered.
    fn conflict(&self, thread: usize, clock: &Clock, access: Access) -> Option<(usize, Access)> {
        let unknown = |other: usize, touch: &Touch| {
            other != thread
                && clock.get(other).is_some_and(|known| *known < touch.time)
                && !is_allowed(touch.access, access)
        };
        if let Some((writer, touch)) = &self.write
            && unknown(*writer, touch)
        {
            return Some((*writer, touch.access));
        }
        if !access.write {
            return None;
        }
        let reads = self.reads.iter().enumerate();
        let mut reads =
            reads.filter_map(|(reader, touch)| touch.as_ref().map(|touch| (reader, touch)));
        reads
            .find(|(reader, touch)| unknown(*reader, touch))
            .map(|(reader, touch)| (reader, touch.access))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Access = Access {
        write: false,
        atomic: false,
        place: 1,
    };
    const WRITE: Access = Access {
        write: true,
        ..READ
    };
    const LOCKED: Access = Access {
        atomic: true,
        ..WRITE
    };

    fn clock(thread: usize) -> Clock {
        let mut clock = Clock::default();
        clock[thread] = 1;
        clock
    }

    fn both(one: Access, two: Access) -> bool {
        let mut shadow = Shadow::default();
        shadow.touch(0x1000..0x1004, 1, &clock(1), one).unwrap();
        shadow.touch(0x1002..0x1003, 2, &clock(2), two).is_err()
    }

    #[test]
    fn unordered_touches_conflict_if_one_writes() {
        assert!(!both(READ, READ));
        assert!(both(READ, WRITE));
        assert!(both(WRITE, READ));
        assert!(both(WRITE, WRITE));
        assert!(both(WRITE, LOCKED));
        assert!(!both(LOCKED, LOCKED));
        assert!(!both(LOCKED, READ));
    }

    #[test]
    fn ordered_touches_do_not() {
        let mut shadow = Shadow::default();
        shadow.touch(0..4, 1, &clock(1), WRITE).unwrap();
        let mut later = clock(2);
        later[1] = 1;
        assert!(shadow.touch(0..4, 2, &later, WRITE).is_ok());
    }

    #[test]
    fn freeing_conflicts_with_an_unordered_touch() {
        let mut shadow = Shadow::default();
        shadow.touch(8..9, 1, &clock(1), READ).unwrap();
        assert!(shadow.end(0..16, 2, &clock(2)).is_err());
    }
}
