//! Where the objects live that the simulated kernel makes for the driver.
//!
//! Each object has pages of its own, ends at the end of its last page, and is followed by a page
//! that faults. When it dies its pages fault too, and they are not used again in the same run: a
//! touch of a dead object is always seen.
//!
//! Each thread makes its objects in a region of its own: so it does not depend on the schedule where they are.

use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cpu;
use crate::guest;
use crate::machine::MAX_THREADS;
use crate::mapping::{Mapping, PAGE, Protection, pages};
use crate::nt::user;

/// Address space for objects; pages that are never touched cost nothing.
const SIZE: usize = 4 << 30;

/// Pages of the region of the first thread, and of each other one.
const FIRST_REGION: usize = SIZE / 2 / PAGE;
const REGION: usize = (SIZE / PAGE - FIRST_REGION) / MAX_THREADS;

/// The granularity of `ExAllocatePool2`, and what an IRP needs.
pub const ALIGNMENT: usize = 16;

/// One object's place.
#[derive(Clone, Copy, Debug, Hash)]
struct Place {
    first_page: usize,
    pages: usize,
    address: usize,
    size: usize,
    alive: bool,
    /// Whether it was dead already in the snapshot that the run began with.
    died_before: bool,
}

/// The objects of one run.
#[derive(Debug)]
pub struct Arena {
    mapping: Mapping,
    /// In the order of their pages.
    places: Vec<Place>,
    /// The next free page of each thread's region that has objects, and of those between.
    next: Vec<usize>,
    /// Whether a new run has begun, and `places` are still those of the last one.
    stale: bool,
    /// Which snapshot the places were the same as, if they were, when the last run began.
    based_on: Option<u64>,
    /// Which pages are protected. Kept from run to run: where the layout repeats, and it mostly does,
    /// a new run needs no system call for the pages between the objects.
    closed: Vec<bool>,
    /// Whether Linux has guards, which dead objects then get instead of protection: all of a run's
    /// are taken away with one system call.
    has_guards: bool,
    /// Whether there are guards to take away.
    guarded: bool,
}

/// The objects of a run at one moment.
#[derive(Debug)]
pub struct Snapshot {
    id: u64,
    places: Vec<Place>,
    next: Vec<usize>,
    /// The pages of those that are alive, one after the other.
    contents: Vec<u8>,
}

/// Hashes memory, but for addresses of stacks: nothing is there any more, and where it was is an accident.
fn hash_bytes(bytes: &[u8], hasher: &mut impl Hasher) {
    let (words, rest) = bytes.as_chunks::<{ size_of::<usize>() }>();
    let mut from = 0;
    let within = cpu::stacks_within();
    for (index, word) in words.iter().enumerate() {
        let value = usize::from_le_bytes(*word);
        if within.contains(&value) && cpu::is_on_a_stack(value) {
            hasher.write(words.get(from..index).unwrap_or_default().as_flattened());
            hasher.write_u8(1);
            from = index + 1;
        }
    }
    hasher.write(words.get(from..).unwrap_or_default().as_flattened());
    hasher.write(rest);
}

/// The pages of a thread's region.
const fn region(thread: usize) -> Range<usize> {
    if thread == 0 {
        return 0..FIRST_REGION;
    }
    let start = FIRST_REGION + (thread - 1) * REGION;
    start..start + REGION
}

impl Arena {
    /// An empty arena for the kernel's objects, whose memory becomes the machine's.
    ///
    /// # Errors
    /// What mmap says.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self::in_mapping(Mapping::new(SIZE, Protection::ReadWrite)?))
    }

    /// An empty arena for the buffers of programs: as [`Self::new`], at user addresses.
    ///
    /// # Errors
    /// What mmap says.
    pub fn of_programs() -> std::io::Result<Self> {
        Ok(Self::in_mapping(Mapping::below(user::PROBE_ADDRESS, SIZE)?))
    }

    fn in_mapping(mapping: Mapping) -> Self {
        guest::add_range(mapping.base()..mapping.base() + mapping.size());
        let has_guards = mapping.guard(0, PAGE) && mapping.unguard(0, PAGE);
        Self {
            mapping,
            places: Vec::new(),
            next: Vec::new(),
            stale: false,
            based_on: None,
            closed: Vec::new(),
            has_guards,
            guarded: false,
        }
    }

    /// Makes an object of `size` bytes, each set to `fill`, for a thread. `None` when its address space is used
    /// up.
    pub fn allocate(&mut self, size: usize, fill: u8, thread: usize) -> Option<usize> {
        self.empty();
        let count = pages(size.max(1));
        let region = region(thread);
        for thread in self.next.len()..=thread {
            self.next.push(self::region(thread).start);
        }
        let next = self.next.get_mut(thread)?;
        let first_page = *next;
        let end = first_page + count + 1;
        if end > region.end {
            return None;
        }
        *next = end;
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
            died_before: false,
        };
        let at = self.places.partition_point(|it| it.first_page < first_page);
        self.places.insert(at, place);
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
        let index = self.index_at(address)?;
        let place = self.places.get_mut(index)?;
        std::mem::take(&mut place.alive).then_some((place.first_page, place.pages))
    }

    /// The last object whose pages begin at or before `address`.
    fn index_at(&self, address: usize) -> Option<usize> {
        if self.stale {
            return None;
        }
        let page = address.checked_sub(self.mapping.base())? / PAGE;
        let after = self.places.partition_point(|it| it.first_page <= page);
        after.checked_sub(1)
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
        let place = self.places.get(self.index_at(address)?)?;
        // The guard page belongs to the object before it: a touch there ran over that object's end.
        let page = (address - self.mapping.base()) / PAGE;
        (page <= place.first_page + place.pages).then_some((place.address, place.size, place.alive))
    }

    /// All addresses that objects can have.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.mapping.base()..self.mapping.base() + self.mapping.size()
    }

    /// Begins the next run, with an empty arena unless [`Self::restore`] comes first.
    pub const fn reset(&mut self) {
        self.stale = true;
    }

    /// # Panics
    /// If Linux does not take its guards away.
    fn empty(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        if std::mem::take(&mut self.guarded) {
            for (thread, next) in self.next.iter().enumerate() {
                let start = region(thread).start;
                let gone = self.mapping.unguard(start * PAGE, (next - start) * PAGE);
                assert!(gone, "guards can be taken away");
            }
        }
        self.places.clear();
        self.next.clear();
        self.based_on = None;
    }

    /// The objects as they are now, to begin other runs with.
    pub fn save(&mut self) -> Snapshot {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        self.empty();
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        self.based_on = Some(id);
        for place in &mut self.places {
            place.died_before = !place.alive;
        }
        let mut contents = Vec::new();
        for place in self.places.iter().filter(|place| place.alive) {
            contents.extend(guest::load(self.start(place), place.pages * PAGE));
        }
        Snapshot {
            id,
            places: self.places.clone(),
            next: self.next.clone(),
            contents,
        }
    }

    /// Begins a run with the objects of an earlier one of this arena. Those that were dead already still
    /// are, and have kept their guards if the last run began in the same way.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        if self.based_on == Some(snapshot.id) {
            self.stale = false;
            self.revive(snapshot.places.len());
        } else {
            self.stale = true;
            self.empty();
            self.lay_out(snapshot);
        }
        self.based_on = Some(snapshot.id);
        self.places.clone_from(&snapshot.places);
        self.next.clone_from(&snapshot.next);
        let mut rest = snapshot.contents.as_slice();
        for place in self.places.iter().filter(|place| place.alive) {
            let Some((pages, others)) = rest.split_at_checked(place.pages * PAGE) else {
                return;
            };
            guest::store(self.start(place), pages);
            rest = others;
        }
    }

    /// Opens the pages of what has died since a snapshot, which had the first `kept` places.
    fn revive(&mut self, kept: usize) {
        let places = std::mem::take(&mut self.places);
        let mut dead: Option<(usize, usize)> = None;
        for (index, place) in places.iter().enumerate() {
            let end = place.first_page + place.pages;
            if place.alive {
                continue;
            }
            if index < kept && place.died_before {
                // This one stays dead, so no system call may reach over it.
                self.open(dead.take());
            } else {
                // Between regions there is nothing.
                if dead.is_some_and(|(_, end)| place.first_page - end > REGION) {
                    self.open(dead.take());
                }
                let first = dead.map_or(place.first_page, |(first, _)| first);
                dead = Some((first, end));
                self.set_closed(place.first_page, place.pages, false);
            }
        }
        self.open(dead);
        self.places = places;
    }

    /// Takes the guards of a range of pages away.
    fn open(&self, range: Option<(usize, usize)>) {
        if let Some((first, end)) = range.filter(|_| self.guarded) {
            let gone = self.mapping.unguard(first * PAGE, (end - first) * PAGE);
            assert!(gone, "guards can be taken away");
        }
    }

    /// Makes the pages of an empty arena what they were for a snapshot.
    fn lay_out(&mut self, snapshot: &Snapshot) {
        let end = snapshot
            .places
            .last()
            .map_or(0, |it| it.first_page + it.pages + 1);
        if self.closed.len() < end {
            self.closed.resize(end, false);
        }
        for place in &snapshot.places {
            self.set_closed(place.first_page, place.pages, false);
            self.set_closed(place.first_page + place.pages, 1, true);
            if !place.alive {
                self.close_dead(place.first_page, place.pages);
            }
        }
    }

    fn start(&self, place: &Place) -> usize {
        self.mapping.base() + place.first_page * PAGE
    }

    /// Everything that what the driver does can depend on.
    pub fn hash(&self, hasher: &mut impl Hasher) {
        for place in &self.places {
            place.hash(hasher);
            if place.alive {
                guest::with_bytes(self.start(place), place.pages * PAGE, |bytes| {
                    hash_bytes(bytes, hasher);
                });
            }
        }
    }
}
