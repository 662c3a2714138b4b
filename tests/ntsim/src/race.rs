//! Data races in the unmodified binary, and which instructions have to be points for the scheduler.
//!
//! While several threads run, each access of the driver to memory (not to the stack) is compared with the
//! earlier ones by vector clocks. What orders them is what the search for schedules takes for dependence, no
//! more: two steps that touch the same bytes ([`Touches`]), a spin lock and its next owner, the start of a thread, and
//! a wait with what it has waited for. So two accesses that nothing orders can come in the other order in a
//! schedule that the search, which does not know of them, has no reason to try.
//!
//! * An exhaustive search learns from that: an ordinary instruction that takes part in a race becomes a point,
//!   and the search begins anew, until there is nothing to learn ([`apply`]).
//! * With `--races`, it is a finding. There, atomic accesses do not race with each other: interlocked
//!   instructions, and plain ones that the PDB says were inlined from `core::sync::atomic`. Without a PDB, a
//!   plain load that meets only interlocked stores is taken for an atomic load.

mod cells;
mod clock;
mod conflict;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use crate::coverage;
use crate::finding;
use crate::guest;
use crate::image::Way;
use crate::machine;
use crate::settings::{Points, Settings};
use crate::world;
use crate::world::step::{Effect, Span, Touches};
use crate::world::thread::Guard;
pub use cells::By;
use cells::{Cells, Record};
use clock::{Clock, Clocks, THREADS};
use conflict::{Conflict, Side, describe};

/// The detector's state on one OS thread.
#[derive(Default)]
struct Detector {
    clocks: Clocks,
    cells: Cells,
    /// The clocks of the steps of this run.
    steps: Vec<Clock>,
    /// What each thread's last step touches.
    last: Vec<Touches>,
    /// Whether races are findings.
    finds: bool,
    /// Whether racing instructions are to become points.
    learns: bool,
    learned: Learned,
}

/// What an exploration has learned.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// What has to be a point.
    pub points: Points,
    /// What is one now.
    pub active: Points,
    /// What nobody can come between, although it would make a difference, in words.
    pub blind: BTreeSet<String>,
    /// Whether something has happened to a cancel-safe queue, while several threads ran, that depends on the order in which
    /// `IoCsqInsertIrp` works.
    pub asks_for_order: bool,
    /// Whether there is more since [`apply`].
    new: bool,
}

thread_local! {
    /// Whether accesses are looked at now.
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    /// Whether anything is looked at in this exploration.
    static ON: Cell<bool> = const { Cell::new(false) };
    /// Whether accesses of the kernel's routines are looked at in this exploration.
    static LEARNS: Cell<bool> = const { Cell::new(false) };
    static COPIES: Cell<bool> = const { Cell::new(false) };
    /// The thread that runs.
    static CURRENT: Cell<usize> = const { Cell::new(0) };
    static DETECTOR: RefCell<Detector> = RefCell::new(Detector::default());
}

fn with<R>(work: impl FnOnce(&mut Detector) -> R) -> R {
    DETECTOR.with_borrow_mut(work)
}

fn current() -> usize {
    CURRENT.get()
}

/// Another thread goes on.
pub fn switched(thread: usize) {
    CURRENT.set(thread);
}

/// Starts an exploration, with the points that the settings name, or goes on with one that has learned something.
/// Instructions that race become points if it `learns`.
pub fn begin(learns: bool, earlier: Option<Learned>) {
    let (finds, fine, watched, mut points) = machine::with(|machine| {
        let settings = &machine.settings;
        let Settings {
            races,
            fine,
            watched,
            ..
        } = *settings;
        (races, fine, watched, settings.points.clone())
    });
    if fine {
        points.instructions = machine::with(|machine| machine.image.sites().collect());
        points.copies = true;
    }
    LEARNS.set(learns);
    ON.set(learns || finds);
    with(|detector| {
        detector.finds = finds;
        detector.learns = learns;
        detector.learned = earlier.unwrap_or(Learned {
            points,
            ..Learned::default()
        });
    });
    machine::with(|machine| {
        machine.image.set_way(if learns || finds || watched {
            Way::Watched
        } else {
            Way::Points
        });
    });
    apply();
}

/// What was learned so far.
pub fn learned() -> Learned {
    with(|detector| detector.learned.clone())
}

/// What comes next depends on the order in which `IoCsqInsertIrp` works.
pub fn asks_for_order() {
    if ACTIVE.get() {
        with(|detector| detector.learned.asks_for_order = true);
    }
}

/// Something ends schedules that the search does not go through to their end.
pub fn is_bounded(before: &str) {
    with(|detector| detector.blind(before.to_owned()));
}

/// Makes what was learned points. Returns whether there was anything new, so that the search has to begin
/// anew.
pub fn apply() -> bool {
    let (points, new) = with(|detector| {
        let learned = &mut detector.learned;
        learned.active.clone_from(&learned.points);
        (learned.active.clone(), std::mem::take(&mut learned.new))
    });
    COPIES.set(points.copies);
    machine::try_with(|machine| machine.image.set_points(&points.instructions));
    coverage::refresh();
    new
}

/// Starts a run.
pub fn reset() {
    ACTIVE.set(false);
    CURRENT.set(0);
    if ON.get() {
        with(Detector::reset);
    }
}

/// Whether accesses are looked at now.
pub fn is_active() -> bool {
    ACTIVE.get()
}

/// Whether races are findings.
pub fn finds() -> bool {
    with(|detector| detector.finds)
}

/// The current thread has waited for what happened before an earlier [`release`] of `object`.
pub fn acquire(object: usize) {
    if ON.get() {
        with(|detector| detector.clocks.acquire(current(), object));
    }
}

/// What the current thread has done so far happens before a later [`acquire`] of `object`.
pub fn release(object: usize) {
    if ON.get() {
        with(|detector| detector.clocks.release(current(), object));
    }
}

/// The current thread starts another.
pub fn fork(thread: usize) {
    if ON.get() {
        with(|detector| {
            detector.clocks.fork(current(), thread);
            if thread >= THREADS && detector.learns {
                detector.blind(format!("more than {THREADS} threads"));
            }
        });
        ACTIVE.set(true);
    }
}

/// A thread has done all it does.
pub fn thread_ended(thread: usize) {
    release(end_of(thread));
}

/// The current thread has waited for another to end.
pub fn joined(thread: usize) {
    acquire(end_of(thread));
    if ACTIVE.get() {
        let (me, all, alone) =
            world::with(|world| (world.current, world.threads.len(), world.alive() == 1));
        if alone && with(|detector| detector.clocks.knows_all(me, all)) {
            // Nothing that comes can race with what was.
            ACTIVE.set(false);
            with(|detector| detector.cells.clear());
        }
    }
}

/// Stands for the end of a thread; no object has such a low address.
const fn end_of(thread: usize) -> usize {
    thread + 1
}

/// The current thread takes a step.
pub fn step(touches: &Touches, guard: Guard) {
    if ACTIVE.get() {
        if let Guard::LockFree(lock) = guard {
            acquire(lock);
        }
        let me = current();
        let result = with(|detector| detector.step(me, touches));
        finding::check(result.map_err(describe));
    }
}

/// The driver is about to touch memory by an instruction that is no point.
pub fn instruction(span: Span, reads: bool, writes: bool, offset: usize, atomic: bool) {
    if ACTIVE.get() && guest::is_shared(span.start) {
        let by = By::Instruction { offset, atomic };
        touch(span, reads, writes, by);
    }
}

/// A routine of the kernel copies, fills or compares memory for the driver.
pub fn copied(span: Span, writes: bool) {
    if ACTIVE.get() && !COPIES.get() {
        touch(span, !writes, writes, By::Copy);
    }
}

/// Whether routines that copy, fill or compare memory are points.
pub fn copies_are_points() -> bool {
    COPIES.get()
}

/// Lets a rule look at memory. What it sees does not depend on what others do at the same time, or it would have to
/// be a step.
pub fn aside<R>(look: impl FnOnce() -> R) -> R {
    let learns = LEARNS.replace(false);
    let result = look();
    LEARNS.set(learns);
    result
}

/// The kernel touches memory of the driver.
pub fn kernel(start: usize, length: usize, writes: bool) {
    if ACTIVE.get() && LEARNS.get() {
        // Where the state of the run is in use, a rule looks at memory.
        if world::try_with(|_| ()).is_none() {
            return;
        }
        let span = Span::new(start, length);
        let covered = DETECTOR.with(|detector| {
            let Ok(detector) = detector.try_borrow() else {
                return true;
            };
            let last = detector.last.get(current());
            last.is_some_and(|last| last.covers(span, writes))
        });
        if !covered && guest::is_shared(start) {
            touch(span, !writes, writes, By::Kernel);
        }
    }
}

/// An object ends its life: whoever touched it must have done so before.
pub fn ended(address: usize) {
    if ACTIVE.get() && finds() {
        touch(Span::object(address), false, true, By::End);
    }
}

fn touch(span: Span, reads: bool, writes: bool, by: By) {
    let me = current();
    for (does, effect) in [(reads, Effect::Read), (writes, Effect::Write)] {
        if does {
            let result = with(|detector| detector.touch(me, span, effect, by));
            finding::check(result.map_err(describe));
        }
    }
}

impl Detector {
    fn reset(&mut self) {
        self.clocks.reset();
        self.cells.clear();
        self.steps.clear();
        self.last.clear();
    }

    fn blind(&mut self, what: String) {
        self.learned.blind.insert(what);
    }

    fn step(&mut self, me: usize, touches: &Touches) -> Result<(), Conflict> {
        let Self {
            clocks,
            cells,
            steps,
            ..
        } = self;
        for (span, effect) in touches.places() {
            cells.conflicts(span, effect, me, |_, record| {
                if let By::Step(number) = record.by
                    && let Some(clock) = steps.get(number)
                {
                    clocks.learn(me, clock);
                }
            });
        }
        let by = By::Step(self.steps.len());
        let mut result = Ok(());
        for (span, effect) in touches.places() {
            result = result.and(self.touch(me, span, effect, by));
        }
        self.steps.push(*self.clocks.of(me));
        self.clocks.advance(me);
        if self.last.len() <= me {
            self.last.resize(me + 1, Touches::NOTHING);
        }
        if let Some(last) = self.last.get_mut(me) {
            *last = *touches;
        }
        result
    }

    fn touch(&mut self, me: usize, span: Span, effect: Effect, by: By) -> Result<(), Conflict> {
        let Self { cells, clocks, .. } = self;
        let clock = clocks.of(me);
        let time = clock.get(me).copied().unwrap_or(0);
        let touch = Record::new(me, time, effect, by);
        if cells.is_known(span, &touch) {
            return Ok(());
        }
        let later = Side {
            thread: me,
            effect,
            by,
        };
        let mut conflicts = Vec::new();
        cells.conflicts(span, effect, me, |address, record| {
            if !record.is_before(clock) {
                let earlier = Side {
                    thread: record.thread,
                    effect: record.effect,
                    by: record.by,
                };
                conflicts.push(Conflict {
                    address,
                    earlier,
                    later,
                });
            }
        });
        cells.note(span, touch);
        let found = conflicts.iter().find(|it| self.finds && !it.is_allowed());
        let result = found.copied().map_or(Ok(()), Err);
        if self.learns {
            for conflict in conflicts {
                self.learn(conflict);
            }
        }
        result
    }

    /// What races has to be a point.
    fn learn(&mut self, conflict: Conflict) {
        for side in [conflict.earlier, conflict.later] {
            let learned = &mut self.learned;
            match side.by {
                By::Instruction { offset, .. } => {
                    learned.new |= learned.points.instructions.insert(offset);
                }
                By::Copy => learned.new |= !std::mem::replace(&mut learned.points.copies, true),
                By::Kernel => {
                    let name = world::try_with(|world| world.object_name(conflict.address));
                    let what = world::try_with(|world| {
                        let thread = world.threads.get(side.thread);
                        thread.map_or("", |thread| thread.name)
                    });
                    let (name, what) = (name.unwrap_or_default(), what.unwrap_or_default());
                    self.blind(format!("a routine of the kernel ({what}) at {name}"));
                }
                By::Step(_) | By::End => {}
            }
        }
    }
}
