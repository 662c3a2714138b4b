//! Stops before the driver's own interlocked instructions, so that other threads can come first.

// UNSAFETY: assembly that keeps all registers, and words on the driver's stack.
#![expect(unsafe_code, reason = "enters the scheduler between two instructions")]

use std::arch::global_asm;

use iced_x86::{Decoder, DecoderOptions, InstructionInfoFactory, OpAccess};

use super::{Fault, Registers, register_value};
use crate::coverage;
use crate::guest;
use crate::image::Site;
use crate::machine;
use crate::race;
use crate::schedule;

// Entered instead of the instruction, with the address of its copy on the stack. The driver's code
// has no idea that it is interrupted, so every register stays as it is.
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
    "sub rsp, 512",
    "and rsp, -16",
    "fxsave64 [rsp]",
    "mov rdi, rbp",
    "cld",
    "call {stop}",
    "fxrstor64 [rsp]",
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

/// If a breakpoint was hit that stands for an interlocked instruction: sends the thread to the
/// scheduler, and from there to the instruction.
pub fn enter(fault: &mut Fault<'_>) -> bool {
    let address = fault.rip().wrapping_sub(1);
    let site = machine::try_with(|machine| {
        let image = &machine.image;
        image.site_at(address).map(|site| image.base() + site.stub)
    });
    let Some(stub) = site.flatten() else {
        return false;
    };
    coverage::count(address);
    race::stop_stepping(fault.registers);
    let stack = fault.rsp() - size_of::<usize>();
    // SAFETY: below the stack pointer nothing is in use, the win64 convention having no red zone; if
    // the stack is full, this faults as the driver's own push would.
    unsafe { (stack as *mut usize).write_volatile(stub) };
    fault.set(libc::REG_RSP, stack);
    fault.set(libc::REG_RIP, ntsim_interlocked as *const () as usize);
    true
}

/// The address of the instruction whose copy is at `address`, if one is.
pub fn original(address: usize) -> Option<usize> {
    machine::try_with(|machine| {
        let image = &machine.image;
        image
            .site_of_stub(address)
            .map(|site| image.base() + site.offset)
    })
    .flatten()
}

/// The point. `saved` is what the assembly has pushed.
extern "sysv64" fn stop(saved: *const [usize; WORDS]) {
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
    let stub = words.last().copied().unwrap_or(0);
    let (site, base) = machine::with(|machine| {
        let image = &machine.image;
        (image.site_of_stub(stub).cloned(), image.base())
    });
    let Some(site) = site else { return };
    let place = base + site.offset;
    let Some(target) = target(&site, place, &registers) else {
        return;
    };
    drop(site);
    let Target {
        address,
        length,
        write,
    } = target;
    if !guest::is_shared(address) {
        return;
    }
    if write {
        schedule::object_point("interlocked", address);
        race::interlocked(address, length, place);
    } else {
        // Two reads do not disturb each other.
        schedule::counter_point("", address);
        race::loaded(address, length, place);
    }
}

/// The memory that an instruction touches.
#[derive(Clone, Copy)]
struct Target {
    address: usize,
    length: usize,
    write: bool,
}

fn target(site: &Site, place: usize, registers: &Registers) -> Option<Target> {
    let decoder = Decoder::with_ip(64, &site.bytes, place as u64, DecoderOptions::NONE);
    let instruction = { decoder }.decode();
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(&instruction);
    let memory = info.used_memory().first()?;
    let write = !matches!(memory.access(), OpAccess::Read | OpAccess::CondRead);
    let value = |register, _: usize, _: usize| register_value(registers, register);
    let address = memory.virtual_address(0, value)?;
    Some(Target {
        address: address as usize,
        length: memory.memory_size().size().max(1),
        write,
    })
}
