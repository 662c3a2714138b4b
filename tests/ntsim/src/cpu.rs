//! The simulated processor of the current thread: calling the driver, leaving it without unwinding,
//! and the registers that only the kernel may touch.

// UNSAFETY: assembly, and calls of the driver's functions.
#![expect(unsafe_code, reason = "enters and leaves foreign code")]

use std::arch::{asm, global_asm};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;

// A call into the driver that can be left from any depth. The driver's frames have no unwind
// information that Rust could use, so a finding does not unwind: it puts the stack pointer back.
//
// ntsim_call(function, arguments[7], &exit) saves the registers that the System V ABI wants
// preserved, stores the stack pointer in `exit`, and calls the win64 function. It returns 0 in rax
// and the function's value in rdx. ntsim_leave(stack, code) makes that ntsim_call return `code`.
global_asm!(
    ".globl ntsim_call",
    "ntsim_call:",
    "push rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "sub rsp, 8",
    "mov [rdx], rsp",
    "mov rax, rdi",
    "mov rcx, [rsi]",
    "mov rdx, [rsi + 8]",
    "mov r8, [rsi + 16]",
    "mov r9, [rsi + 24]",
    "sub rsp, 64",
    "mov r10, [rsi + 32]",
    "mov [rsp + 32], r10",
    "mov r10, [rsi + 40]",
    "mov [rsp + 40], r10",
    "mov r10, [rsi + 48]",
    "mov [rsp + 48], r10",
    "call rax",
    "add rsp, 64",
    "mov rdx, rax",
    "xor eax, eax",
    ".globl ntsim_resume",
    "ntsim_resume:",
    "cld",
    "add rsp, 8",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    ".globl ntsim_leave",
    "ntsim_leave:",
    "mov rsp, rdi",
    "mov rax, rsi",
    "jmp ntsim_resume",
);

/// As many arguments as a routine of a driver has at most; those of a call that are not given are 0.
const ARGUMENTS: usize = 7;

/// What `ntsim_call` returns in rax and rdx.
#[repr(C)]
struct Returned {
    code: usize,
    value: usize,
}

unsafe extern "sysv64" {
    fn ntsim_call(
        function: usize,
        arguments: *const [usize; ARGUMENTS],
        exit: *mut usize,
    ) -> Returned;
    fn ntsim_leave(stack: usize, code: usize) -> !;
    fn ntsim_resume();
}

/// Why a call into the driver did not return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// A rule was broken.
    Finding,
    /// The thread ended itself with `PsTerminateSystemThread`.
    ThreadEnded,
}

const FINDING: usize = 1;
const THREAD_ENDED: usize = 2;

thread_local! {
    /// The stack pointer to go back to, 0 outside of driver code. Belongs to the current simulated
    /// thread: [`Context`] takes it along at each switch.
    static EXIT: Cell<usize> = const { Cell::new(0) };
    /// How often this OS thread has called the driver.
    static CALLS: Cell<u64> = const { Cell::new(0) };
    /// The pages from which the driver was called: one of each stack, or a few.
    static STACKS: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
    /// The first and the last of them.
    static STACKS_WITHIN: Cell<(usize, usize)> = const { Cell::new((usize::MAX, 0)) };
    /// What gs points to now, to save writing it again.
    static GS: Cell<usize> = const { Cell::new(0) };
}

/// What belongs to a simulated thread and is kept while another one runs.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    exit: usize,
}

impl Context {
    /// Takes the current thread's.
    pub fn save() -> Self {
        Self { exit: EXIT.get() }
    }

    /// Makes it current again, with `gs` as the base of the processor's control region.
    pub fn restore(self, gs: usize) {
        EXIT.set(self.exit);
        set_gs(gs);
    }
}

/// Starts a simulated thread, which is not in the driver.
pub fn start_thread(gs: usize) {
    EXIT.set(0);
    set_gs(gs);
}

fn set_gs(base: usize) {
    if GS.replace(base) != base {
        // SAFETY: Linux leaves gs to the program in 64-bit processes, Rust does not use it, and the
        // kernel has enabled the instruction (checked by `supports_gs`).
        unsafe { asm!("wrgsbase {}", in(reg) base, options(nostack, preserves_flags)) }
    }
}

/// Whether this machine lets a program set gs (FSGSBASE: Linux 5.9, processors since 2012).
pub fn supports_gs() -> bool {
    const HWCAP2_FSGSBASE: libc::c_ulong = 2;
    // SAFETY: getauxval has no preconditions.
    let capabilities = unsafe { libc::getauxval(libc::AT_HWCAP2) };
    capabilities & HWCAP2_FSGSBASE != 0
}

/// Calls a function of the driver.
///
/// Below another call (a DDI that calls back) it is a plain call: what ends it ends the outermost.
///
/// # Errors
/// [`Left`] when the driver did not come back. Then no frame below this one has been unwound.
pub fn call_driver<const N: usize>(function: usize, arguments: [usize; N]) -> Result<usize, Left> {
    const { assert!(N <= ARGUMENTS) };
    CALLS.set(CALLS.get() + 1);
    if EXIT.get() != 0 {
        return Ok(call_back(function, &arguments));
    }
    note_stack();
    let mut all = [0; ARGUMENTS];
    for (place, argument) in all.iter_mut().zip(arguments) {
        *place = argument;
    }
    // SAFETY: the assembly keeps the registers of the System V convention, whichever way it comes
    // back; `EXIT` outlives the call, and the coroutine that runs this does not change OS threads.
    let returned = unsafe { ntsim_call(function, &raw const all, EXIT.with(Cell::as_ptr)) };
    EXIT.set(0);
    match returned.code {
        0 => Ok(returned.value),
        THREAD_ENDED => Err(Left::ThreadEnded),
        _ => Err(Left::Finding),
    }
}

/// Calls a function of the driver from a kernel routine that the driver called: what ends it ends the
/// driver's own call too. Arguments beyond the seventh, which no callback has, are left out.
pub fn call_back(function: usize, arguments: &[usize]) -> usize {
    type Callback =
        unsafe extern "win64" fn(usize, usize, usize, usize, usize, usize, usize) -> usize;
    let argument = |index: usize| arguments.get(index).copied().unwrap_or(0);
    // SAFETY: function pointers and addresses have the same representation; the caller took the address
    // from the driver, and a wrong one faults and becomes a finding.
    let callback = unsafe { std::mem::transmute::<usize, Callback>(function) };
    // SAFETY: the win64 convention ignores arguments that the function does not take.
    unsafe {
        callback(
            argument(0),
            argument(1),
            argument(2),
            argument(3),
            argument(4),
            argument(5),
            argument(6),
        )
    }
}

/// As far below the first call of the driver as its frames reach, and as far above it as others are.
const REACH: usize = 0x4_0000;

/// Where all stacks of simulated threads are, and have been.
pub fn stacks_within() -> Range<usize> {
    let (lowest, highest) = STACKS_WITHIN.get();
    lowest.saturating_sub(REACH)..highest.saturating_add(REACH + 1)
}

/// Whether an address is, or was, on the stack of a simulated thread.
pub fn is_on_a_stack(address: usize) -> bool {
    STACKS.with_borrow(|stacks| {
        let above = stacks.range(address.saturating_sub(REACH)..=address.saturating_add(REACH));
        above.count() != 0
    })
}

fn note_stack() {
    const PAGE: usize = 0x1000;
    let here = 0u8;
    let page = &raw const here as usize / PAGE * PAGE;
    let (lowest, highest) = STACKS_WITHIN.get();
    STACKS_WITHIN.set((lowest.min(page), highest.max(page)));
    STACKS.with_borrow_mut(|stacks| stacks.insert(page));
}

/// How often this OS thread has called the driver.
pub fn calls() -> u64 {
    CALLS.get()
}

/// Whether the current simulated thread is somewhere below [`call_driver`].
pub fn in_driver() -> bool {
    EXIT.get() != 0
}

/// Ends the outermost [`call_driver`] of this thread. Returns if there is none.
///
/// Nothing is dropped on the way: a simulated kernel routine owns nothing across the calls that can
/// come here, except in a run that ends with this very finding.
pub fn leave(why: Left) {
    let exit = EXIT.get();
    if exit != 0 {
        // SAFETY: `exit` is what `ntsim_call` stored, whose frame is alive while `EXIT` is not 0.
        unsafe { ntsim_leave(exit, code(why)) }
    }
}

/// Where a signal handler has to send a thread to do what [`leave`] does: the instruction pointer,
/// the stack pointer and the value of rax. `None` outside of the driver.
pub fn leave_by_context(why: Left) -> Option<(usize, usize, usize)> {
    let exit = EXIT.get();
    (exit != 0).then_some((ntsim_resume as *const () as usize, exit, code(why)))
}

const fn code(why: Left) -> usize {
    match why {
        Left::Finding => FINDING,
        Left::ThreadEnded => THREAD_ENDED,
    }
}

/// The part of the current stack below which the driver was called: its frames, and those of the
/// kernel routines it called. `None` outside of the driver.
#[inline(never)]
pub fn driver_stack() -> Option<Range<usize>> {
    let exit = EXIT.get();
    let here = 0u8;
    (exit != 0).then_some(&raw const here as usize..exit)
}

/// The word at an address of the driver's part of the current stack; `None` if it is not there.
pub fn stack_word(address: usize) -> Option<usize> {
    let stack = driver_stack()?;
    let inside =
        address.is_multiple_of(size_of::<usize>()) && stack.start <= address && address < stack.end;
    // SAFETY: it lies between the current frame and that of `ntsim_call`, on the same stack, and is aligned.
    inside.then(|| unsafe { (address as *const usize).read_volatile() })
}

/// The words on the driver's part of the current stack, from the innermost frame on.
pub fn stack_words() -> Vec<usize> {
    driver_stack().map_or_else(Vec::new, |stack| stack_words_from(stack.start))
}

/// The words on the driver's part of the current simulated stack above `stack_pointer`, which a
/// signal handler has from the thread that it interrupted.
pub fn stack_words_from(stack_pointer: usize) -> Vec<usize> {
    /// More than the stack of a simulated thread.
    const MOST: usize = 1 << 18;
    let end = EXIT.get();
    let first = stack_pointer.next_multiple_of(size_of::<usize>());
    if first >= end || end - first > MOST {
        return Vec::new();
    }
    (first..end)
        .step_by(size_of::<usize>())
        .map(|address| {
            // SAFETY: the address lies between a stack pointer and the frame of `ntsim_call` on the
            // same stack, is aligned, and stack memory may be read as integers.
            unsafe { (address as *const usize).read_volatile() }
        })
        .collect()
}
