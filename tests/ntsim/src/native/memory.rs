//! The driver's memory and its functions, without any check.
//!
//! # Safety
//!
//! The functions here are safe to call only in the sense of [the mode](super): every address comes
//! from this module's own allocations or from a driver that the rules have found nothing wrong
//! with. Each block below relies on that.

// UNSAFETY: raw memory and foreign code; see above.
#![expect(
    unsafe_code,
    reason = "the driver's memory is reached by address, and its code is foreign"
)]

use std::alloc::Layout;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize};
use std::time::Duration;

use crate::guest::Plain;

/// Reads a value.
#[inline]
pub fn read<T: Plain>(address: usize) -> T {
    // SAFETY: see the module; any bytes are a value of a plain type.
    unsafe { (address as *const T).read_unaligned() }
}

/// Writes a value.
#[inline]
pub fn write<T: Plain>(address: usize, value: T) {
    // SAFETY: see the module.
    unsafe { (address as *mut T).write_unaligned(value) }
}

/// Copies bytes in.
#[inline]
pub fn store(address: usize, bytes: &[u8]) {
    // SAFETY: see the module; nothing in Rust refers to the driver's memory.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, bytes.len()) };
}

/// Copies bytes out.
pub fn load(address: usize, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    // SAFETY: see the module; the destination is fresh.
    unsafe { std::ptr::copy_nonoverlapping(address as *const u8, bytes.as_mut_ptr(), length) };
    bytes
}

/// Copies bytes; the two places may overlap.
#[inline]
pub fn copy(from: usize, to: usize, length: usize) {
    // SAFETY: see the module.
    unsafe { std::ptr::copy(from as *const u8, to as *mut u8, length) };
}

/// Sets bytes.
#[inline]
pub fn fill(address: usize, length: usize, value: u8) {
    // SAFETY: see the module.
    unsafe { std::ptr::write_bytes(address as *mut u8, value, length) };
}

/// A word that several processors change.
#[inline]
pub fn atomic(address: usize) -> &'static AtomicUsize {
    // SAFETY: see the module; the field is aligned, and drivers only use it through the kernel.
    unsafe { AtomicUsize::from_ptr(address as *mut usize) }
}

/// As [`atomic`], four bytes.
#[inline]
pub fn atomic_u32(address: usize) -> &'static AtomicU32 {
    // SAFETY: as in `atomic`.
    unsafe { AtomicU32::from_ptr(address as *mut u32) }
}

/// As [`atomic`], one byte.
#[inline]
pub fn atomic_u8(address: usize) -> &'static AtomicU8 {
    // SAFETY: as in `atomic`.
    unsafe { AtomicU8::from_ptr(address as *mut u8) }
}

/// Calls a function of the driver.
#[inline]
pub fn call(function: usize, arguments: [usize; 4]) -> usize {
    type Function = unsafe extern "win64" fn(usize, usize, usize, usize) -> usize;
    // SAFETY: function pointers and addresses have the same representation.
    let function = unsafe { std::mem::transmute::<usize, Function>(function) };
    let [a, b, c, d] = arguments;
    // SAFETY: see the module; the win64 convention ignores arguments that a function does not take.
    unsafe { function(a, b, c, d) }
}

/// The size of each block is kept in front of it.
const HEADER: usize = 64;

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size + HEADER, HEADER).expect("a size that a driver may ask for")
}

/// Zeroed memory, aligned to a cache line.
pub fn allocate(size: usize) -> usize {
    let layout = layout(size);
    // SAFETY: the layout has a size.
    let block = unsafe { std::alloc::alloc_zeroed(layout) } as usize;
    assert!(block != 0, "there is memory");
    write(block, size);
    block + HEADER
}

/// Gives memory of [`allocate`] back, and says how much it was.
pub fn free(address: usize) -> usize {
    let block = address - HEADER;
    let size = read(block);
    // SAFETY: see the module; the block and its size are `allocate`'s.
    unsafe { std::alloc::dealloc(block as *mut u8, layout(size)) };
    size
}

/// See [`super::pin`].
pub fn pin(processor: usize) -> bool {
    // SAFETY: all zeroes is a valid set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: a set of this size; numbers beyond it are ignored.
    unsafe { libc::CPU_SET(processor, &mut set) };
    // SAFETY: 0 is the current thread, and the set is valid.
    unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) == 0 }
}

/// See [`super::processor_time`].
pub fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the time has the type that the call writes.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert!(result == 0, "Linux has this clock");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
