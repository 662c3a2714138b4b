//! The memory the driver can see, read and written by address.
//!
//! The simulated kernel never holds a reference into it: the driver may change it at any time, and
//! an address that the driver gives may be wrong. Each access is checked against the ranges that
//! belong to the machine (the image, the arena, the processor pages, and the driver's own frames on
//! the simulated stacks). An address outside is a finding, and so is one inside that has
//! been freed, since its page then faults.

// UNSAFETY: volatile accesses to addresses that were checked to be the machine's memory.
#![expect(unsafe_code, reason = "reads and writes checked addresses")]

use std::cell::Cell;
use std::ops::Range;

use crate::cpu;
use crate::exception;
use crate::finding;
use crate::race;
use crate::rule;
use crate::world;

mod sealed {
    pub trait Plain: Copy {}
    impl Plain for u8 {}
    impl Plain for u16 {}
    impl Plain for u32 {}
    impl Plain for u64 {}
    impl Plain for usize {}
    impl Plain for i16 {}
    impl Plain for i32 {}
    impl Plain for i64 {}
}

/// What may be read and written: any bytes are a value of it.
pub trait Plain: sealed::Plain {}
impl<T: sealed::Plain> Plain for T {}

/// The ranges that stay where they are for as long as an OS thread simulates a machine.
#[derive(Clone, Copy, Debug, Default)]
struct Ranges {
    fixed: [(usize, usize); 6],
    used: usize,
}

thread_local! {
    static RANGES: Cell<Ranges> = const { Cell::new(Ranges { fixed: [(0, 0); 6], used: 0 }) };
}

/// Makes a range the machine's memory on this OS thread, until [`forget_ranges`].
///
/// # Panics
/// If more ranges are added than a machine has.
pub fn add_range(range: Range<usize>) {
    let mut ranges = RANGES.get();
    let slot = ranges
        .fixed
        .get_mut(ranges.used)
        .expect("a machine has few ranges");
    *slot = (range.start, range.end);
    ranges.used += 1;
    RANGES.set(ranges);
}

/// Takes all ranges away.
pub fn forget_ranges() {
    RANGES.set(Ranges::default());
}

/// Whether all of `address..address + length` is the machine's memory.
pub fn contains(address: usize, length: usize) -> bool {
    let Some(end) = address.checked_add(length) else {
        return false;
    };
    let ranges = RANGES.get();
    ranges
        .fixed
        .iter()
        .any(|&(from, to)| from <= address && end <= to)
        || cpu::driver_stack().is_some_and(|stack| stack.start <= address && end <= stack.end)
        || world::try_with(|world| world.is_on_a_stack(address..end)).unwrap_or_default()
}

/// Whether an address is memory that other threads can reach: the machine's, but no stack.
pub fn is_shared(address: usize) -> bool {
    let ranges = RANGES.get();
    let mut fixed = ranges.fixed.iter();
    fixed.any(|&(from, to)| (from..to).contains(&address))
}

fn check(address: usize, length: usize, writes: bool) {
    if !contains(address, length) {
        exception::bad_address(address, writes);
        finding::raise(
            &rule::fault::BAD_POINTER,
            format!(
                "the kernel was given the address {address:#x}, which is not memory of the driver"
            ),
        );
    }
}

/// Reads the value at `address`.
pub fn read<T: Plain>(address: usize) -> T {
    check(address, size_of::<T>(), false);
    race::kernel(address, size_of::<T>(), false);
    // SAFETY: `check` found the bytes to be the machine's memory, which holds no Rust object; `T`
    // accepts any bytes. A freed page faults, which the trap handler turns into a finding.
    unsafe { (address as *const T).read_unaligned() }
}

/// Writes the value at `address`.
pub fn write<T: Plain>(address: usize, value: T) {
    check(address, size_of::<T>(), true);
    race::kernel(address, size_of::<T>(), true);
    // SAFETY: as in `read`; nothing in Rust refers to these bytes.
    unsafe { (address as *mut T).write_unaligned(value) }
}

/// Copies bytes out.
pub fn load(address: usize, length: usize) -> Vec<u8> {
    check(address, length, false);
    race::kernel(address, length, false);
    let mut bytes = vec![0; length];
    // SAFETY: the source was checked, the destination is a fresh buffer of that length.
    unsafe { std::ptr::copy_nonoverlapping(address as *const u8, bytes.as_mut_ptr(), length) };
    bytes
}

/// Copies bytes out that a step of the driver names.
pub fn read_into(address: usize, bytes: &mut [u8]) {
    check(address, bytes.len(), false);
    // SAFETY: the source was checked; the destination is another buffer of that length.
    unsafe {
        std::ptr::copy_nonoverlapping(address as *const u8, bytes.as_mut_ptr(), bytes.len());
    }
}

/// Copies bytes back in that a step of the driver names.
pub fn write_back(address: usize, bytes: &[u8]) {
    check(address, bytes.len(), true);
    // SAFETY: the destination was checked and holds no Rust object, so it cannot overlap `bytes`.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len()) };
}

/// Looks at bytes where they are. Nothing may write them meanwhile: the driver does not run in `look`.
pub fn with_bytes<R>(address: usize, length: usize, look: impl FnOnce(&[u8]) -> R) -> R {
    check(address, length, false);
    // SAFETY: the bytes were checked to be the machine's memory, which this OS thread alone uses, and it
    // runs `look`, which does not write them.
    look(unsafe { std::slice::from_raw_parts(address as *const u8, length) })
}

/// Copies bytes in.
pub fn store(address: usize, bytes: &[u8]) {
    check(address, bytes.len(), true);
    race::kernel(address, bytes.len(), true);
    // SAFETY: the destination was checked and holds no Rust object, so it cannot overlap `bytes`.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len()) };
}

/// Sets `length` bytes to `value`.
pub fn fill(address: usize, length: usize, value: u8) {
    check(address, length, true);
    // SAFETY: the destination was checked and holds no Rust object.
    unsafe { std::ptr::write_bytes(address as *mut u8, value, length) };
}

/// Copies bytes from one place of the machine to another; the two may overlap.
pub fn copy(from: usize, to: usize, length: usize) {
    check(from, length, false);
    check(to, length, true);
    // SAFETY: both ranges were checked, and `copy` allows overlap.
    unsafe { std::ptr::copy(from as *const u8, to as *mut u8, length) };
}
