//! Instructions that only the kernel may execute, or that read what only the kernel has mapped.

use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, Register};

use super::Registers;
use crate::finding::Broken;
use crate::rule::{fault, irql};
use crate::world;

/// What became of an instruction.
pub enum Emulated {
    /// It was done; the next one is current.
    Done,
    /// It is one that this part knows nothing of.
    Not,
    /// It broke a rule.
    Broken(Broken),
}

/// The register's index in [`Registers`].
pub fn index_of(register: Register) -> Option<usize> {
    let index = match register.full_register() {
        Register::RAX => libc::REG_RAX,
        Register::RCX => libc::REG_RCX,
        Register::RDX => libc::REG_RDX,
        Register::RBX => libc::REG_RBX,
        Register::RSP => libc::REG_RSP,
        Register::RBP => libc::REG_RBP,
        Register::RSI => libc::REG_RSI,
        Register::RDI => libc::REG_RDI,
        Register::R8 => libc::REG_R8,
        Register::R9 => libc::REG_R9,
        Register::R10 => libc::REG_R10,
        Register::R11 => libc::REG_R11,
        Register::R12 => libc::REG_R12,
        Register::R13 => libc::REG_R13,
        Register::R14 => libc::REG_R14,
        Register::R15 => libc::REG_R15,
        _ => return None,
    };
    usize::try_from(index).ok()
}

/// The value of a register, as iced asks for it to compute an address. iced adds the next
/// instruction's address to rip-relative displacements by itself.
pub fn value(registers: &Registers, register: Register) -> Option<u64> {
    if register == Register::None || register.is_segment_register() {
        return Some(0);
    }
    registers
        .get(index_of(register)?)
        .map(|value| *value as u64)
}

/// Executes the instruction in `bytes` at the current rip, if it is one of these.
pub fn emulate(registers: &mut Registers, bytes: &[u8]) -> Emulated {
    let rip = registers
        .get(libc::REG_RIP as usize)
        .map_or(0, |rip| *rip as u64);
    let instruction = Decoder::with_ip(64, bytes, rip, DecoderOptions::NONE).decode();
    let done = match instruction.code() {
        Code::Mov_r64_cr if instruction.op1_register() == Register::CR8 => {
            read_irql(registers, &instruction)
        }
        Code::Mov_cr_r64 if instruction.op0_register() == Register::CR8 => {
            match write_irql(registers, &instruction) {
                Ok(done) => done,
                Err(broken) => return Emulated::Broken(broken),
            }
        }
        _ => read_shared_data(registers, &instruction),
    };
    if done {
        if let Some(rip) = registers.get_mut(libc::REG_RIP as usize) {
            *rip += instruction.len() as i64;
        }
        return Emulated::Done;
    }
    explain(registers, &instruction).map_or(Emulated::Not, Emulated::Broken)
}

fn store(registers: &mut Registers, register: Register, value: u64) -> bool {
    let Some(slot) = index_of(register).and_then(|index| registers.get_mut(index)) else {
        return false;
    };
    // A 32-bit destination clears the upper half.
    *slot = if register.size() == 4 {
        value & 0xffff_ffff
    } else {
        value
    } as i64;
    true
}

fn read_irql(registers: &mut Registers, instruction: &Instruction) -> bool {
    let irql = world::try_with(|world| world.thread().irql);
    irql.is_some_and(|irql| store(registers, instruction.op0_register(), u64::from(irql)))
}

fn write_irql(registers: &mut Registers, instruction: &Instruction) -> Result<bool, Broken> {
    let Some(irql) = value(registers, instruction.op1_register()) else {
        return Ok(false);
    };
    let irql = irql as u8;
    let changed = world::try_with(|world| {
        let held = world.thread().held.len();
        if irql < crate::nt::DISPATCH_LEVEL && held != 0 {
            return Err(crate::rule::lock::LOWERED.broken(format!(
                "the IRQL is lowered to {irql} with {held} spin lock(s) held"
            )));
        }
        if irql > 15 {
            return Err(irql::TOO_HIGH.broken(format!("the IRQL is set to {irql}")));
        }
        world.thread().irql = irql;
        Ok(())
    });
    changed.transpose().map(|changed| changed.is_some())
}

/// Reads of the clock in `KUSER_SHARED_DATA`, which the header's inline functions do.
fn read_shared_data(registers: &mut Registers, instruction: &Instruction) -> bool {
    const PAGE: u64 = 0xffff_f780_0000_0000;
    const LENGTH: u64 = 0x1000;
    const INTERRUPT_TIME: u64 = 0x08;
    const SYSTEM_TIME: u64 = 0x14;
    const TICK_COUNT: u64 = 0x320;
    /// 100 ns in a tick of 15.625 ms.
    const TICK: u64 = 156_250;
    if instruction.mnemonic() != Mnemonic::Mov || instruction.op_count() != 2 {
        return false;
    }
    let address = instruction.virtual_address(1, 0, |register, _, _| value(registers, register));
    let Some(offset) = address
        .and_then(|address| address.checked_sub(PAGE))
        .filter(|it| *it < LENGTH)
    else {
        return false;
    };
    let Some(time) = world::try_with(|world| {
        world.time += 1;
        world.time
    }) else {
        return false;
    };
    let answer = match offset {
        INTERRUPT_TIME | SYSTEM_TIME => time,
        TICK_COUNT => time / TICK,
        _ => 0,
    };
    store(registers, instruction.op0_register(), answer)
}

/// Instructions that say on purpose that something is wrong, and privileged ones.
fn explain(registers: &Registers, instruction: &Instruction) -> Option<Broken> {
    const FAST_FAIL: u8 = 0x29;
    const ASSERT: u8 = 0x2c;
    /// `FAST_FAIL_CORRUPT_LIST_ENTRY`.
    const CORRUPT_LIST_ENTRY: u64 = 3;
    if instruction.code() == Code::Int_imm8 && instruction.immediate8() == FAST_FAIL {
        let code = value(registers, Register::RCX).unwrap_or(0) & 0xffff_ffff;
        return Some(if code == CORRUPT_LIST_ENTRY {
            fault::LIST_CORRUPTION.broken("RtlFailFast(FAST_FAIL_CORRUPT_LIST_ENTRY)")
        } else {
            fault::FAST_FAIL.broken(format!("RtlFailFast({code})"))
        });
    }
    if instruction.code() == Code::Int_imm8 && instruction.immediate8() == ASSERT {
        return Some(fault::ASSERTION.broken("an assertion (int 2Ch) failed"));
    }
    if instruction.is_privileged() {
        let name = format!("{:?}", instruction.mnemonic()).to_lowercase();
        return Some(fault::PRIVILEGED.broken(format!("the privileged instruction {name}")));
    }
    None
}
