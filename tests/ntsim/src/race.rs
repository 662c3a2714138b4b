//! Data races in the unmodified binary.
//!
//! The driver's code is single-stepped. Each access to the machine's memory (not to the stack) is
//! compared with the earlier ones by vector clocks, which the simulated kernel's synchronization
//! advances: locks, events, references, the exchange of cancel routines, starting and joining threads;
//! and LOCK-prefixed instructions of the driver itself. Freeing memory counts as writing all of it.
//!
//! Atomic accesses do not race with each other: LOCK-prefixed instructions, and plain ones that the PDB says
//! were inlined from `core::sync::atomic`. Without a PDB, a plain load that meets only LOCK-prefixed stores is
//! taken for an atomic load.

mod clock;
mod shadow;
mod step;

use std::cell::{Cell, RefCell};
use std::ops::Range;

use crate::finding::{self, Broken};
use crate::machine;
use crate::trap::Registers;
use crate::world;
use clock::Clocks;
use shadow::{Access, Conflict, Shadow};
use step::Steps;

/// The detector's state on one OS thread.
#[derive(Default)]
struct Detector {
    clocks: Clocks,
    shadow: Shadow,
    steps: Steps,
    tracked: [Range<usize>; 2],
}

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static STEPPING: Cell<bool> = const { Cell::new(false) };
    static DETECTOR: RefCell<Detector> = RefCell::new(Detector::default());
}

fn with<R>(work: impl FnOnce(&mut Detector) -> R) -> R {
    DETECTOR.with_borrow_mut(work)
}

fn current() -> usize {
    world::try_with(|world| world.current).unwrap_or(0)
}

/// Starts a run, with the detector on if the settings say so.
pub fn reset() {
    let (on, arena, image) = machine::with(|machine| {
        let image = &machine.image;
        let range = image.base()..image.base() + image.size();
        (machine.settings.races, machine.arena.range(), range)
    });
    ON.set(on);
    STEPPING.set(false);
    machine::with(|machine| machine.image.set_executable(!on));
    if on {
        with(|detector| {
            detector.clocks.reset();
            detector.shadow.clear();
            detector.tracked = [arena, image];
        });
    }
}

/// Whether the next instruction of the driver will fault because it is watched.
pub fn is_armed() -> bool {
    ON.get()
}

/// Whether the driver is being stepped.
pub fn is_stepping() -> bool {
    STEPPING.get()
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

/// Both, in one atomic step.
pub fn exchange(address: usize) {
    acquire(address);
    release(address);
}

/// The current thread starts another.
pub fn fork(thread: usize) {
    if ON.get() {
        with(|detector| detector.clocks.fork(current(), thread));
    }
}

/// A thread has done all it does.
pub fn thread_ended(thread: usize) {
    release(end_of(thread));
}

/// The current thread has waited for another to end.
pub fn joined(thread: usize) {
    acquire(end_of(thread));
}

/// Stands for the end of a thread; no object has such a low address.
const fn end_of(thread: usize) -> usize {
    thread + 1
}

/// A kernel routine has touched the driver's memory on its behalf.
pub fn touched(address: usize, length: usize, write: bool) {
    if ON.get() {
        let access = Access {
            write,
            atomic: false,
            place: 0,
        };
        let result = with(|detector| detector.touch(current(), address, length, access));
        finding::check(result.map_err(describe));
    }
}

/// The driver is about to read, at `place`, what may be written by interlocked instructions.
pub fn loaded(address: usize, length: usize, place: usize) {
    if ON.get() {
        let access = Access {
            write: false,
            atomic: false,
            place,
        };
        let result = with(|detector| detector.touch(current(), address, length, access));
        finding::check(result.map_err(describe));
    }
}

/// The driver is about to execute an interlocked instruction at `place`.
pub fn interlocked(address: usize, length: usize, place: usize) {
    if ON.get() {
        acquire(address);
        let access = Access {
            write: true,
            atomic: true,
            place,
        };
        let result = with(|detector| detector.touch(current(), address, length, access));
        finding::check(result.map_err(describe));
        release(address);
    }
}

/// An object ends its life: whoever touched it must have done so before.
pub fn ended(address: usize) {
    if ON.get() {
        let object = machine::with(|machine| machine.arena.object_at(address));
        if let Some((start, size, _)) = object {
            let thread = current();
            let result = with(|detector| {
                let clock = detector.clocks.of(thread);
                detector.shadow.end(start..start + size, thread, &clock)
            });
            finding::check(result.map_err(describe));
        }
    }
}

/// After kernel code, the driver's first instruction has faulted: watch from here on.
pub fn entered(registers: &mut Registers) -> Result<(), Broken> {
    set_executable(true);
    STEPPING.set(true);
    set_trap_flag(registers, true);
    record(registers)
}

/// An instruction of the driver was executed; the next one is the driver's or the kernel's.
pub fn stepped(registers: &mut Registers, in_driver: bool) -> Result<(), Broken> {
    if in_driver {
        return record(registers);
    }
    stop_stepping(registers);
    Ok(())
}

/// An instruction was emulated; the next one is the driver's.
pub fn continued(registers: &mut Registers) -> Result<(), Broken> {
    if STEPPING.get() {
        record(registers)
    } else {
        Ok(())
    }
}

/// Kernel code comes next.
pub fn stop_stepping(registers: &mut Registers) {
    if STEPPING.replace(false) {
        set_executable(false);
        set_trap_flag(registers, false);
    }
}

fn set_executable(executable: bool) {
    machine::try_with(|machine| machine.image.set_executable(executable));
}

fn set_trap_flag(registers: &mut Registers, on: bool) {
    const TRAP_FLAG: i64 = 0x100;
    if let Some(flags) = registers.get_mut(libc::REG_EFL as usize) {
        *flags = if on {
            *flags | TRAP_FLAG
        } else {
            *flags & !TRAP_FLAG
        };
    }
}

/// Takes note of what the instruction at rip is about to touch.
fn record(registers: &Registers) -> Result<(), Broken> {
    let thread = current();
    let result = DETECTOR.with(|detector| match detector.try_borrow_mut() {
        Ok(mut detector) => detector.instruction(thread, registers),
        Err(_) => Ok(()),
    });
    result.map_err(describe)
}

impl Detector {
    fn is_tracked(&self, address: usize) -> bool {
        self.tracked.iter().any(|range| range.contains(&address))
    }

    fn touch(
        &mut self,
        thread: usize,
        address: usize,
        length: usize,
        access: Access,
    ) -> Result<(), Conflict> {
        if !self.is_tracked(address) {
            return Ok(());
        }
        let clock = self.clocks.of(thread);
        self.shadow
            .touch(address..address + length, thread, &clock, access)
    }

    fn instruction(&mut self, thread: usize, registers: &Registers) -> Result<(), Conflict> {
        for touched in self.steps.touched(registers) {
            if touched.locked && self.is_tracked(touched.address) {
                self.clocks.acquire(thread, touched.address);
            }
            self.touch(thread, touched.address, touched.length, touched.access)?;
            if touched.locked && self.is_tracked(touched.address) {
                self.clocks.release(thread, touched.address);
            }
        }
        Ok(())
    }
}

/// A conflict in words.
fn describe(conflict: Conflict) -> Broken {
    let object = world::try_with(|world| world.object_name(conflict.address)).unwrap_or_default();
    let side = |thread: usize, access: Access| {
        let verb = if access.write { "writes" } else { "reads" };
        let place = match access.place {
            0 => "in a kernel routine".to_owned(),
            place => machine::try_with(|machine| machine.image.describe(place)).unwrap_or_default(),
        };
        format!("T{thread} {verb} it at {place}")
    };
    crate::rule::race::DATA_RACE.broken(format!(
        "{object}: {}, {}, and nothing orders the two",
        side(conflict.earlier.0, conflict.earlier.1),
        side(conflict.later.0, conflict.later.1)
    ))
}
