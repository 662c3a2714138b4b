//! How many instructions of the driver a path takes, and how much of the stack: exactly, by
//! executing it one instruction at a time; and which cache lines it touches.
//!
//! What is counted is the driver's own code. The simulated kernel's routines are stepped through as
//! well, but not counted. The driver's lock is held from its call of `KeAcquireSpinLockRaiseToDpc` to that of
//! `KeReleaseSpinLock`.

// UNSAFETY: a signal handler, and the instruction that calls it.
#![expect(unsafe_code, reason = "handles the trap of each instruction")]

use std::arch::asm;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Once;

use iced_x86::{Decoder, DecoderOptions, InstructionInfoFactory, OpAccess};
use serde::Serialize;

use super::{Driver, csq, memory, sync};
use crate::nt::csq::Callback;
use crate::trap::{Registers, register_value};

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Instructions of the driver.
    pub instructions: usize,
    /// Those with the lock held.
    pub under_lock: usize,
    /// How often the lock was taken.
    pub holds: usize,
    /// The most instructions for which it was held at once.
    pub longest_hold: usize,
    /// Interlocked ones: those with a LOCK prefix. What the kernel's routines do is not among them.
    pub interlocked: usize,
    /// Calls of kernel routines.
    pub kernel_calls: usize,
    /// The most stack that the driver's own frames took at once, in bytes; those of one path, also
    /// where kernel routines are in between.
    pub stack: usize,
    /// Of `CsqInsertIrp`: the most that one call took.
    pub insert: usize,
    /// Of `CsqRemoveIrp`.
    pub remove: usize,
    /// Of `CsqPeekNextIrp`.
    pub peek: usize,
}

/// An uninterrupted stay in the driver: from a call by the kernel to its return.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// The stack pointer at its first instruction; the return address is there.
    base: usize,
    /// The stack pointer when it last called a kernel routine.
    out: usize,
    callback: Option<Callback>,
    instructions: usize,
}

/// How often each instruction was executed, by its offset in the image.
pub type Profile = BTreeMap<usize, usize>;

/// What a path does.
#[derive(Debug, Default)]
pub struct Counted {
    /// How much.
    pub counts: Counts,
    /// By which instructions.
    pub profile: Profile,
    /// The cache lines that the driver's instructions touch beside its stack, by number: an address divided by
    /// [`LINE`].
    pub lines: BTreeSet<usize>,
}

/// Bytes of a cache line.
pub const LINE: usize = 64;

#[derive(Debug, Default)]
struct Stepper {
    code: Range<usize>,
    callbacks: Vec<(usize, Callback)>,
    frames: Vec<Frame>,
    inside: bool,
    /// For how many instructions the lock is held, if it is.
    hold: Option<usize>,
    counted: Counted,
}

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static STEPPER: RefCell<Stepper> = RefCell::new(Stepper::default());
}

/// Counts what `path` makes the driver do.
///
/// # Panics
/// Inside itself.
pub fn count(driver: &Driver, path: impl FnOnce()) -> Counted {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(install_handler);
    STEPPER.with_borrow_mut(|stepper| {
        *stepper = Stepper {
            code: driver.code.clone(),
            callbacks: csq::callbacks(),
            frames: Vec::with_capacity(64),
            ..Stepper::default()
        };
    });
    assert!(!ON.replace(true), "one count at a time");
    trap();
    path();
    ON.set(false);
    trap();
    let mut counted = STEPPER.take().counted;
    let base = driver.image.base();
    let offsets = counted.profile.into_iter();
    counted.profile = offsets.map(|(rip, times)| (rip - base, times)).collect();
    counted
}

/// How often `path` makes drivers take a spin lock on this thread, at full speed.
pub fn count_holds(path: impl FnOnce()) -> usize {
    let before = sync::holds();
    path();
    sync::holds() - before
}

/// Calls the handler, which turns stepping on or off.
fn trap() {
    // SAFETY: the handler is installed, and returns.
    unsafe { asm!("int3") };
}

fn install_handler() {
    // SAFETY: all zeroes is a valid sigaction.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: `action` is initialized and names a handler of the signature that SA_SIGINFO wants.
    let result = unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, std::ptr::null_mut()) };
    assert!(
        result == 0,
        "sigaction: {}",
        std::io::Error::last_os_error()
    );
}

extern "C" fn handler(_signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    const TRAP_FLAG: i64 = 0x100;
    // SAFETY: the kernel passes the interrupted context, which nothing else refers to.
    let context = unsafe { &mut *context };
    let registers: &mut Registers = &mut context.uc_mcontext.gregs;
    let register = |index: libc::c_int| registers.get(index as usize).map_or(0, |it| *it as usize);
    let (rip, rsp) = (register(libc::REG_RIP), register(libc::REG_RSP));
    let on = ON.get();
    if let Some(flags) = registers.get_mut(libc::REG_EFL as usize) {
        *flags = if on {
            *flags | TRAP_FLAG
        } else {
            *flags & !TRAP_FLAG
        };
    }
    if on {
        // Never borrowed while stepping is on, but by this.
        STEPPER.with(|stepper| {
            if let Ok(mut stepper) = stepper.try_borrow_mut() {
                stepper.step(rip, rsp, registers);
            }
        });
    }
}

impl Stepper {
    /// The instruction at `rip` is next.
    fn step(&mut self, rip: usize, rsp: usize, registers: &Registers) {
        let inside = self.code.contains(&rip);
        match (self.inside, inside) {
            (false, true) => self.enter(rip, rsp),
            (true, false) => {
                self.note_lock(rip);
                self.leave(rsp);
            }
            _ => {}
        }
        self.inside = inside;
        if inside {
            self.instruction(rip, rsp);
            self.note_lines(rip, rsp, registers);
        }
    }

    /// Notes what memory the instruction at `rip` touches.
    fn note_lines(&mut self, rip: usize, rsp: usize, registers: &Registers) {
        /// How far from the stack pointer the stack is.
        const STACK: usize = 64 << 10;
        // An instruction has at most 15 bytes.
        let bytes = [rip, rip + 8].map(|at| memory::read::<u64>(at).to_le_bytes());
        let instruction =
            Decoder::with_ip(64, bytes.as_flattened(), rip as u64, DecoderOptions::NONE).decode();
        let mut factory = InstructionInfoFactory::new();
        for used in factory.info(&instruction).used_memory() {
            let size = used.memory_size().size();
            if used.access() == OpAccess::NoMemAccess || size == 0 {
                continue;
            }
            let address =
                used.virtual_address(0, |register, _, _| register_value(registers, register));
            let Some(address) = address.map(|it| it as usize) else {
                continue;
            };
            if address.abs_diff(rsp) > STACK {
                let lines = address / LINE..=(address + size - 1) / LINE;
                self.counted.lines.extend(lines);
            }
        }
    }

    /// The driver goes on at this address, outside of its code.
    fn note_lock(&mut self, rip: usize) {
        let acquire: extern "win64" fn(usize) -> u8 = sync::KeAcquireSpinLockRaiseToDpc;
        let release: extern "win64" fn(usize, u8) = sync::KeReleaseSpinLock;
        if rip == acquire as usize {
            self.hold = Some(0);
            self.counted.counts.holds += 1;
        } else if rip == release as usize {
            self.hold = None;
        }
    }

    /// The kernel calls the driver, or returns to it.
    fn enter(&mut self, rip: usize, rsp: usize) {
        let returned = self.frames.last().is_some_and(|frame| frame.out == rsp);
        if !returned {
            let found = self.callbacks.iter().find(|it| it.0 == rip);
            self.frames.push(Frame {
                base: rsp,
                out: 0,
                callback: found.map(|it| it.1),
                instructions: 0,
            });
        }
    }

    /// The driver returns to the kernel, or calls it.
    fn leave(&mut self, rsp: usize) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        // A jump to a kernel routine, whose return is this one's, has the same stack pointer.
        if rsp < frame.base {
            frame.out = rsp + size_of::<usize>();
            self.counted.counts.kernel_calls += 1;
            return;
        }
        if rsp == frame.base {
            self.counted.counts.kernel_calls += 1;
        }
        if let Some(frame) = self.frames.pop() {
            let most = match frame.callback {
                Some(Callback::Insert) => &mut self.counted.counts.insert,
                Some(Callback::Remove) => &mut self.counted.counts.remove,
                Some(Callback::PeekNext) => &mut self.counted.counts.peek,
                _ => return,
            };
            *most = frame.instructions.max(*most);
        }
    }

    fn instruction(&mut self, rip: usize, rsp: usize) {
        const LOCK_PREFIX: u8 = 0xf0;
        self.counted.counts.instructions += 1;
        *self.counted.profile.entry(rip).or_default() += 1;
        if let Some(hold) = &mut self.hold {
            *hold += 1;
            self.counted.counts.under_lock += 1;
            self.counted.counts.longest_hold = self.counted.counts.longest_hold.max(*hold);
        }
        self.counted.counts.interlocked += usize::from(memory::read::<u8>(rip) == LOCK_PREFIX);
        let own = |frame: &Frame, low: usize| frame.base + size_of::<usize>() - low;
        let Some((current, outer)) = self.frames.split_last_mut() else {
            return;
        };
        current.instructions += 1;
        let stack: usize =
            outer.iter().map(|it| own(it, it.out)).sum::<usize>() + own(current, rsp);
        self.counted.counts.stack = self.counted.counts.stack.max(stack);
    }
}
