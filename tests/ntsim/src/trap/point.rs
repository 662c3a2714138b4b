//! What the driver's code calls before it touches memory: where the instruction is a point, other threads can
//! come first; and the race detector takes note.

// UNSAFETY: assembly that keeps all registers, and words on the driver's stack.
#![expect(unsafe_code, reason = "enters the scheduler between two instructions")]

use std::arch::global_asm;

use super::{Fault, Registers, register_value, report};
use crate::arena;
use crate::finding;
use crate::guest;
use crate::image::{BREAKPOINT, Kind, Operand};
use crate::machine;
use crate::mapping::PAGE;
use crate::nt::user;
use crate::race;
use crate::schedule;
use crate::world;
use crate::world::step::{Effect, Span, Touches};

// Called before the instruction's copy, whose address so is on the stack. The driver's code has no idea
// that it is interrupted, so every register stays as it is; what is beyond SSE, nothing here uses.
global_asm!(
    ".globl ntsim_touch",
    "ntsim_touch:",
    "pushfq",
    "push rax",
    "push rcx",
    "push rdx",
    "push rbx",
    "push rbp",
    "push rsi",
    "push rdi",
    "push r8",
    "push r9",
    "push r10",
    "push r11",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "mov rbp, rsp",
    "sub rsp, 256",
    "and rsp, -16",
    "movaps [rsp + 0x00], xmm0",
    "movaps [rsp + 0x10], xmm1",
    "movaps [rsp + 0x20], xmm2",
    "movaps [rsp + 0x30], xmm3",
    "movaps [rsp + 0x40], xmm4",
    "movaps [rsp + 0x50], xmm5",
    "movaps [rsp + 0x60], xmm6",
    "movaps [rsp + 0x70], xmm7",
    "movaps [rsp + 0x80], xmm8",
    "movaps [rsp + 0x90], xmm9",
    "movaps [rsp + 0xa0], xmm10",
    "movaps [rsp + 0xb0], xmm11",
    "movaps [rsp + 0xc0], xmm12",
    "movaps [rsp + 0xd0], xmm13",
    "movaps [rsp + 0xe0], xmm14",
    "movaps [rsp + 0xf0], xmm15",
    "mov rdi, rbp",
    "cld",
    "call {stop}",
    "movaps xmm0, [rsp + 0x00]",
    "movaps xmm1, [rsp + 0x10]",
    "movaps xmm2, [rsp + 0x20]",
    "movaps xmm3, [rsp + 0x30]",
    "movaps xmm4, [rsp + 0x40]",
    "movaps xmm5, [rsp + 0x50]",
    "movaps xmm6, [rsp + 0x60]",
    "movaps xmm7, [rsp + 0x70]",
    "movaps xmm8, [rsp + 0x80]",
    "movaps xmm9, [rsp + 0x90]",
    "movaps xmm10, [rsp + 0xa0]",
    "movaps xmm11, [rsp + 0xb0]",
    "movaps xmm12, [rsp + 0xc0]",
    "movaps xmm13, [rsp + 0xd0]",
    "movaps xmm14, [rsp + 0xe0]",
    "movaps xmm15, [rsp + 0xf0]",
    "mov rsp, rbp",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop r11",
    "pop r10",
    "pop r9",
    "pop r8",
    "pop rdi",
    "pop rsi",
    "pop rbp",
    "pop rbx",
    "pop rdx",
    "pop rcx",
    "pop rax",
    "popfq",
    "ret",
    stop = sym stop,
);

unsafe extern "sysv64" {
    fn ntsim_touch();
}

/// What the assembly has pushed, from the lowest address on.
const SAVED: [libc::c_int; 15] = [
    libc::REG_R15,
    libc::REG_R14,
    libc::REG_R13,
    libc::REG_R12,
    libc::REG_R11,
    libc::REG_R10,
    libc::REG_R9,
    libc::REG_R8,
    libc::REG_RDI,
    libc::REG_RSI,
    libc::REG_RBP,
    libc::REG_RBX,
    libc::REG_RDX,
    libc::REG_RCX,
    libc::REG_RAX,
];
/// The registers, the flags and the address of the copy.
const WORDS: usize = SAVED.len() + 2;

/// What the copies of the driver's code call.
pub fn scheduler_entry() -> usize {
    ntsim_touch as *const () as usize
}

/// If the driver has come to a breakpoint that stands for a jump to the copy of its code: sends it there.
pub fn enter(fault: &mut Fault<'_>) -> bool {
    let address = fault.rip().wrapping_sub(1);
    let copy = machine::try_with(|machine| {
        let image = &machine.image;
        (image.byte_at(address) == Some(BREAKPOINT)).then(|| image.copy_of(address))
    });
    let Some(copy) = copy.flatten().flatten() else {
        return false;
    };
    fault.resume_at(copy);
    true
}

/// The address of the instruction whose copy is at `address`, if one is.
pub fn original(address: usize) -> Option<usize> {
    machine::try_with(|machine| {
        let image = &machine.image;
        Some(image.base() + image.original(address)?)
    })
    .flatten()
}

/// An instruction of the driver comes next. `saved` is what the assembly has pushed.
extern "sysv64" fn stop(saved: *const [usize; WORDS]) {
    let active = race::is_active();
    // SAFETY: the assembly passes what it has just pushed, which stays until this returns.
    let words = unsafe { saved.read_volatile() };
    let copy = words.last().copied().unwrap_or(0);
    let touched = machine::with(|machine| {
        let image = &machine.image;
        let (site, is_point) = image.site_of_call(copy)?;
        let registers = registers(saved as usize, &words);
        let mut touched = Touched {
            offset: site.offset,
            kind: site.kind,
            is_point,
            is_atomic: site.kind != Kind::Plain || (!is_point && image.is_atomic(site.offset)),
            memory: [(Span::default(), false, false); OPERANDS],
        };
        for (place, operand) in touched.memory.iter_mut().zip(&site.operands) {
            if let Some(span) = span(operand, &registers)
                && guest::is_shared(span.start)
            {
                *place = (span, operand.reads, operand.writes);
            }
        }
        Some(touched)
    });
    let Some(touched) = touched else {
        return;
    };
    for (span, ..) in touched.memory {
        check_end(span);
    }
    if !touched.is_point {
        touched.note();
    } else if active || world::with(|world| world.threads.len() > 1) {
        // As long as there is one thread, none can come between.
        touched.point();
    }
}

/// What the driver touches ends with its object. The page of that does not end there, if the size is no multiple of the
/// alignment.
pub fn check_end(span: Span) {
    let last = span.end().wrapping_sub(1);
    if span.length == 0 || last % PAGE <= PAGE - arena::ALIGNMENT || user::contains(last) {
        return;
    }
    let found = machine::with(|machine| machine.object_at(span.start));
    let is_beyond = found.is_some_and(|(start, size, alive)| {
        alive && start <= span.start && start + size.max(1) <= last
    });
    if is_beyond && let Some(broken) = report::object(last, "the driver") {
        finding::check(Err(broken));
    }
}

/// As many memory operands as an instruction has at most.
const OPERANDS: usize = 2;

/// What an instruction is about to touch. Nothing is owned, for the thread may not come back from a point.
#[derive(Clone, Copy)]
struct Touched {
    offset: usize,
    kind: Kind,
    is_point: bool,
    is_atomic: bool,
    /// Bytes, whether they are read, and whether they are written.
    memory: [(Span, bool, bool); OPERANDS],
}

impl Touched {
    /// Notes what lies between two points.
    fn note(&self) {
        for (span, reads, writes) in self.memory {
            if span.length != 0 {
                race::instruction(span, reads, writes, self.offset, self.is_atomic);
            }
        }
    }

    /// Lets others come first.
    fn point(&self) {
        let memory = self.memory.iter().filter(|it| it.0.length != 0);
        let touches = memory
            .clone()
            .fold(Touches::OWN, |touches, (span, _, writes)| {
                let effect = match (self.kind, writes) {
                    (_, false) => Effect::Read,
                    // For a person, adding orders as any other interlocked instruction does.
                    (Kind::Sum, true) if !race::finds() => Effect::Add,
                    (_, true) => Effect::Write,
                };
                touches.and(*span, effect)
            });
        let Some((first, ..)) = memory.clone().next() else {
            return;
        };
        if self.kind != Kind::Plain {
            schedule::step("interlocked", first.start, touches);
            return;
        }
        if let [(span, true, true), (Span { length: 0, .. }, ..)] = self.memory {
            self.read_and_write(span);
        } else {
            let writes = memory.clone().any(|(_, _, writes)| *writes);
            let what = if writes { "write" } else { "read" };
            schedule::step(what, first.start, touches);
            self.note_for_a_person();
        }
    }

    /// An ordinary instruction reads and writes, and another processor can come between: what it writes comes
    /// from what was there when it read.
    fn read_and_write(&self, span: Span) {
        /// The longest operand.
        const LONGEST: usize = 64;
        let mut before = [0; LONGEST];
        if user::contains(span.start) && !is_there(span) {
            // It faults by itself.
            return;
        }
        schedule::step("read", span.start, Touches::of(span, Effect::Read));
        let length = span.length.min(LONGEST);
        let before = before.get_mut(..length).unwrap_or_default();
        guest::read_into(span.start, before);
        schedule::step("write", span.start, Touches::of(span, Effect::Write));
        guest::write_back(span.start, before);
        self.note_for_a_person();
    }

    /// That it has become a point does not make it atomic.
    fn note_for_a_person(&self) {
        if race::finds() {
            let is_atomic = machine::with(|machine| {
                let image = &machine.image;
                image.is_atomic(image.base() + self.offset)
            });
            for (span, reads, writes) in self.memory {
                if span.length != 0 {
                    race::instruction(span, reads, writes, self.offset, is_atomic);
                }
            }
        }
    }
}

/// Whether a program still has what is at these addresses.
fn is_there(span: Span) -> bool {
    let found = machine::with(|machine| machine.object_at(span.start));
    found.is_some_and(|(start, size, alive)| alive && span.end() <= start + size)
}

/// The registers at the instruction, as far as addresses are computed from them.
fn registers(saved: usize, words: &[usize; WORDS]) -> Registers {
    let mut registers: Registers = [0; 23];
    let stack = saved + WORDS * size_of::<usize>();
    let pushed = SAVED.iter().zip(words);
    for (index, value) in pushed.chain([(&libc::REG_RSP, &stack)]) {
        if let Some(register) = registers.get_mut(*index as usize) {
            *register = *value as i64;
        }
    }
    registers
}

/// The memory that an operand names now.
fn span(operand: &Operand, registers: &Registers) -> Option<Span> {
    let value = |register, _: usize, _: usize| register_value(registers, register);
    let address = operand.memory.virtual_address(0, value)? as usize;
    let times = if operand.repeated {
        let count = registers.get(libc::REG_RCX as usize);
        count.map_or(1, |count| *count as usize)
    } else {
        1
    };
    Some(Span::new(address, operand.length.saturating_mul(times)))
}
