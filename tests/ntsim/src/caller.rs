//! Where in the driver's code the current thread is: for reports, not for what is decided.
//!
//! The kernel's routines are Rust, whose frames have unwind information, and the driver calls them directly. So
//! the first frame without any is the driver's, and its address is exact; what comes above it is searched for
//! return addresses.

// UNSAFETY: the unwinder's C interface, which Rust's own panics use as well.
#![expect(
    unsafe_code,
    reason = "asks the unwinder for the frames of the current stack"
)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};

use crate::cpu;
use crate::machine;

#[repr(C)]
struct UnwindContext {
    _private: [u8; 0],
}

type Visit = extern "C" fn(*mut UnwindContext, *mut c_void) -> c_int;

unsafe extern "C" {
    fn _Unwind_Backtrace(visit: Visit, argument: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut UnwindContext) -> usize;
    fn _Unwind_GetCFA(context: *mut UnwindContext) -> usize;
}

/// The last frame that the unwinder has come to: where it goes on, and its stack pointer there.
#[derive(Clone, Copy, Default)]
struct Frame {
    instruction: usize,
    stack: usize,
}

extern "C" fn visit(context: *mut UnwindContext, argument: *mut c_void) -> c_int {
    const GO_ON: c_int = 0;
    // SAFETY: the unwinder passes its own context.
    let instruction = unsafe { _Unwind_GetIP(context) };
    // SAFETY: the same.
    let stack = unsafe { _Unwind_GetCFA(context) };
    let frame = Frame { instruction, stack };
    // SAFETY: `argument` is the frame of `last_frame`, which waits for the unwinder.
    unsafe { argument.cast::<Frame>().write(frame) };
    GO_ON
}

/// The last frame whose caller can be found.
fn last_frame() -> Frame {
    let mut frame = Frame::default();
    // SAFETY: `visit` only writes the frame, which lives until this returns.
    unsafe { _Unwind_Backtrace(visit, (&raw mut frame).cast()) };
    frame
}

/// The words on the driver's stack, with the address in the driver where the thread is first. Empty outside of the
/// driver.
pub fn words() -> Vec<usize> {
    if !cpu::in_driver() {
        return Vec::new();
    }
    let Frame { instruction, stack } = last_frame();
    let above = cpu::stack_words_from(stack);
    let is_code = |address| machine::try_with(|machine| machine.image.is_code(address));
    if is_code(instruction).unwrap_or_default() {
        return [vec![instruction], above].concat();
    }
    // An instruction that calls the scheduler: the assembly there has saved all registers, and then comes the
    // address of the instruction's copy.
    let is_copy = |word: &usize| {
        machine::try_with(|machine| machine.image.original(*word).is_some()).unwrap_or_default()
    };
    match above.iter().position(is_copy) {
        Some(at) => above.get(at..).unwrap_or_default().to_vec(),
        None => cpu::stack_words(),
    }
}

thread_local! {
    static RECORDS: Cell<bool> = const { Cell::new(false) };
}

/// From now on, the trace says where each step was taken, or no more. It takes time, so only a run that has been
/// found wrong is repeated like that.
pub fn record(records: bool) {
    RECORDS.set(records);
}

/// The address in the driver where the current thread is, if that is recorded; 0 outside of it.
pub fn recorded() -> usize {
    if !RECORDS.get() {
        return 0;
    }
    let is_code = |address: &usize| machine::try_with(|machine| machine.image.is_code(*address));
    let first = words().first().copied();
    // The kernel's own default dispatch routine has no frame of the driver below it.
    first
        .filter(|address| is_code(address).unwrap_or_default())
        .unwrap_or(0)
}
