//! Where the objects live that the simulated kernel makes for the driver.
//!
//! Each object has pages of its own, ends at the end of its last page, and is followed by a page
//! that faults. When it dies its pages fault too, and they are not used again in the same run: a
//! touch of a dead object is always seen.

use std::collections::BTreeMap;

use crate::guest;
use crate::mapping::{Mapping, PAGE, Protection, pages};

/// Address space for objects; pages that are never touched cost nothing.
const SIZE: usize = 4 << 30;

/// The granularity of `ExAllocatePool2`, and what an IRP needs.
const ALIGNMENT: usize = 16;

/// One object's place.
#[derive(Clone, Copy, Debug)]
struct Place {
    first_page: usize,
    pages: usize,
    address: usize,
    size: usize,
    alive: bool,
}

/// The objects of one run.
#[derive(Debug)]
pub struct Arena {
    mapping: Mapping,
    /// By address of the object's first page.
    places: BTreeMap<usize, Place>,
    next_page: usize,
    /// Which pages are protected. Kept from run to run: where the layout repeats, and it mostly does,
    /// a new run needs no system call for the pages between the objects.
    closed: Vec<bool>,
    /// Whether Linux has guards, which dead objects then get instead of protection: all of a run's
    /// are taken away with one system call.
    has_guards: bool,
    /// Whether there are guards to take away.
    guarded: bool,
}

impl Arena {
    /// An empty arena, whose memory becomes the machine's.
    ///
    /// # Errors
    /// What mmap says.
    pub fn new() -> std::io::Result<Self> {
        let mapping = Mapping::new(SIZE, Protection::ReadWrite)?;
        guest::add_range(mapping.base()..mapping.base() + mapping.size());
        let has_guards = mapping.guard(0, PAGE) && mapping.unguard(0, PAGE);
        Ok(Self {
            mapping,
            places: BTreeMap::new(),
            next_page: 0,
            closed: Vec::new(),
            has_guards,
            guarded: false,
        })
    }

    /// Makes an object of `size` bytes, each set to `fill`. `None` when the address space is used up.
    pub fn allocate(&mut self, size: usize, fill: u8) -> Option<usize> {
        let count = pages(size.max(1));
        let first_page = self.next_page;
        let end = first_page + count + 1;
        if end * PAGE > self.mapping.size() {
            return None;
        }
        self.next_page = end;
        if self.closed.len() < end {
            self.closed.resize(end, false);
        }
        self.set_closed(first_page, count, false);
        self.set_closed(first_page + count, 1, true);
        let span = count * PAGE;
        let start = self.mapping.base() + first_page * PAGE;
        let address = start + (span - size.max(1)) / ALIGNMENT * ALIGNMENT;
        guest::fill(address, start + span - address, fill);
        let place = Place {
            first_page,
            pages: count,
            address,
            size,
            alive: true,
        };
        self.places.insert(start, place);
        Some(address)
    }

    /// Makes pages fault or not, with a system call only for those that change.
    fn set_closed(&mut self, first: usize, count: usize, closed: bool) {
        for (page, state) in self.closed.iter_mut().enumerate().skip(first).take(count) {
            if *state != closed {
                *state = closed;
                let protection = if closed {
                    Protection::None
                } else {
                    Protection::ReadWrite
                };
                self.mapping.protect(page * PAGE, PAGE, protection);
            }
        }
    }

    /// Ends the life of two objects, the second of which may be none: any touch faults from now on.
    pub fn kill(&mut self, one: usize, other: usize) {
        let pages = [self.end(one), self.end(other)];
        let [Some((first, count)), Some((second, more))] = pages else {
            for (first, count) in pages.into_iter().flatten() {
                self.close_dead(first, count);
            }
            return;
        };
        // Between neighbors there is a page that faults anyway: one system call does for both.
        if first + count + 1 == second {
            self.close_dead(first, count + 1 + more);
        } else {
            self.close_dead(first, count);
            self.close_dead(second, more);
        }
    }

    /// Notes that an object is dead; returns its first page and how many it has if it was alive.
    fn end(&mut self, address: usize) -> Option<(usize, usize)> {
        let (_, place) = self.places.range_mut(..=address).next_back()?;
        std::mem::take(&mut place.alive).then_some((place.first_page, place.pages))
    }

    fn close_dead(&mut self, first: usize, count: usize) {
        if self.has_guards && self.mapping.guard(first * PAGE, count * PAGE) {
            self.guarded = true;
        } else {
            self.set_closed(first, count, true);
        }
    }

    /// The object at or around `address`, its size, and whether it is alive.
    pub fn object_at(&self, address: usize) -> Option<(usize, usize, bool)> {
        let (start, place) = self.places.range(..=address).next_back()?;
        // The guard page belongs to the object before it: a touch there ran over that object's end.
        (address < start + (place.pages + 1) * PAGE).then_some((
            place.address,
            place.size,
            place.alive,
        ))
    }

    /// All addresses that objects can have.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.mapping.base()..self.mapping.base() + self.mapping.size()
    }

    /// Empties the arena for the next run.
    ///
    /// # Panics
    /// If Linux does not take its guards away.
    pub fn reset(&mut self) {
        if std::mem::take(&mut self.guarded) {
            let gone = self.mapping.unguard(0, self.next_page * PAGE);
            assert!(gone, "guards can be taken away");
        }
        self.places.clear();
        self.next_page = 0;
    }
}
