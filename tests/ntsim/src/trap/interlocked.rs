//! Stops before the driver's own interlocked instructions, so that other threads can come first.

// UNSAFETY: assembly that keeps all registers, and words on the driver's stack.
#![expect(unsafe_code, reason = "enters the scheduler between two instructions")]

use std::arch::global_asm;

use super::{Fault, Registers, register_value};
use crate::coverage;
use crate::guest;
use crate::image::{Access, Site};
use crate::machine;
use crate::race;
use crate::schedule;
use crate::world;
use crate::world::thread::{Guard, Touches};

// Called before the instruction's copy, whose address so is on the stack. The driver's code has no idea
// that it is interrupted, so every register stays as it is; what is beyond SSE, nothing here uses.
global_asm!(
    ".globl ntsim_interlocked",
    "ntsim_interlocked:",
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
    fn ntsim_interlocked();
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

/// What the stubs in the image call.
pub fn scheduler_entry() -> usize {
    ntsim_interlocked as *const () as usize
}

/// If a breakpoint was hit that stands for an interlocked instruction: sends the thread to the
/// scheduler, and from there to the instruction.
pub fn enter(fault: &mut Fault<'_>) -> bool {
    let address = fault.rip().wrapping_sub(1);
    let site = machine::try_with(|machine| {
        let image = &machine.image;
        image
            .site_at(address)
            .map(|site| image.base() + site.copy())
    });
    let Some(copy) = site.flatten() else {
        return false;
    };
    coverage::count(address);
    race::stop_stepping(fault.registers);
    let stack = fault.rsp() - size_of::<usize>();
    // SAFETY: below the stack pointer nothing is in use, the win64 convention having no red zone; if
    // the stack is full, this faults as the driver's own push would.
    unsafe { (stack as *mut usize).write_volatile(copy) };
    fault.set(libc::REG_RSP, stack);
    fault.set(libc::REG_RIP, scheduler_entry());
    true
}

/// The address of the instruction whose copy is at `address`, if one is.
pub fn original(address: usize) -> Option<usize> {
    machine::try_with(|machine| {
        let image = &machine.image;
        let site = image.site_of_stub(address)?;
        Some(image.base() + site.original(address - image.base()))
    })
    .flatten()
}

/// The point. `saved` is what the assembly has pushed.
extern "sysv64" fn stop(saved: *const [usize; WORDS]) {
    // As long as there is one thread, none can come between.
    if world::with(|world| world.threads.len() == 1) && !race::is_armed() {
        return;
    }
    // SAFETY: the assembly passes what it has just pushed, which stays until this returns.
    let words = unsafe { saved.read_volatile() };
    let mut registers: Registers = [0; 23];
    for (index, value) in SAVED.iter().zip(words) {
        if let Some(register) = registers.get_mut(*index as usize) {
            *register = value as i64;
        }
    }
    if let Some(register) = registers.get_mut(libc::REG_RSP as usize) {
        *register = (saved as usize + WORDS * size_of::<usize>()) as i64;
    }
    let copy = words.last().copied().unwrap_or(0);
    let target = machine::with(|machine| {
        let image = &machine.image;
        let site = image.site_of_stub(copy)?;
        let place = image.base() + site.offset;
        Some((place, site.access, touched(site, &registers)?))
    });
    let Some((place, access, (address, length))) = target else {
        return;
    };
    if !guest::is_shared(address) {
        return;
    }
    let (what, touches) = match access {
        // Two reads do not disturb each other.
        Access::Read => ("", Touches::Counter(address)),
        Access::Add => ("interlocked", Touches::Add(address)),
        Access::Write => ("interlocked", Touches::Object(address)),
    };
    schedule::point(what, address, touches, Guard::Always);
    if access == Access::Read {
        race::loaded(address, length, place);
    } else {
        race::interlocked(address, length, place);
    }
}

/// The memory that an instruction touches: its address and length.
fn touched(site: &Site, registers: &Registers) -> Option<(usize, usize)> {
    let memory = &site.memory;
    let value = |register, _: usize, _: usize| register_value(registers, register);
    let address = memory.virtual_address(0, value)?;
    Some((address as usize, memory.memory_size().size().max(1)))
}
