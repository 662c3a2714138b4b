//! What an instruction is about to touch.

use std::collections::HashMap;

use iced_x86::{
    Decoder, DecoderOptions, InstructionInfoFactory, Mnemonic, OpAccess, Register, UsedMemory,
};

use super::shadow::Access;
use crate::machine;
use crate::trap::{self, Registers};

/// Memory that an instruction touches.
#[derive(Clone, Copy, Debug)]
pub struct Touched {
    /// The first byte.
    pub address: usize,
    /// How many.
    pub length: usize,
    /// How.
    pub access: Access,
    /// Whether the instruction locks the bus, and so orders what comes before and after it.
    pub locked: bool,
}

/// An instruction's memory operands.
struct Operands {
    memory: Vec<UsedMemory>,
    locked: bool,
    /// Locked, or an atomic access of the source.
    atomic: bool,
}

/// The instructions that were seen, by address.
#[derive(Default)]
pub struct Steps {
    seen: HashMap<usize, Operands>,
}

impl Steps {
    /// What the instruction at rip touches, except relative to rsp and gs.
    pub fn touched(&mut self, registers: &Registers) -> Vec<Touched> {
        let rip = registers
            .get(libc::REG_RIP as usize)
            .map_or(0, |rip| *rip as usize);
        let operands = self.seen.entry(rip).or_insert_with(|| decode(rip));
        let value =
            |register: Register, _: usize, _: usize| trap::register_value(registers, register);
        let mut touched = Vec::new();
        for memory in &operands.memory {
            let Some(address) = memory.virtual_address(0, value) else {
                continue;
            };
            let (read, write) = kinds(memory.access());
            for (does, write) in [(read, false), (write, true)] {
                if does {
                    touched.push(Touched {
                        address: address as usize,
                        length: memory.memory_size().size().max(1),
                        access: Access {
                            write,
                            atomic: operands.atomic,
                            place: rip,
                        },
                        locked: operands.locked,
                    });
                }
            }
        }
        touched
    }
}

fn decode(rip: usize) -> Operands {
    let bytes = trap::instruction_bytes(rip);
    let instruction = Decoder::with_ip(64, bytes, rip as u64, DecoderOptions::NONE).decode();
    let mut factory = InstructionInfoFactory::new();
    let is_own = |memory: &&UsedMemory| {
        memory.segment() != Register::GS
            && memory.base() != Register::RSP
            && memory.access() != OpAccess::NoMemAccess
    };
    // XCHG with memory locks without the prefix.
    let locked = instruction.has_lock_prefix() || instruction.mnemonic() == Mnemonic::Xchg;
    let is_declared = machine::try_with(|machine| machine.image.is_atomic(rip));
    Operands {
        memory: factory
            .info(&instruction)
            .used_memory()
            .iter()
            .filter(is_own)
            .copied()
            .collect(),
        locked,
        atomic: locked || is_declared.unwrap_or_default(),
    }
}

/// Whether an access reads, and whether it writes.
const fn kinds(access: OpAccess) -> (bool, bool) {
    match access {
        OpAccess::Read | OpAccess::CondRead => (true, false),
        OpAccess::Write | OpAccess::CondWrite => (false, true),
        OpAccess::ReadWrite | OpAccess::ReadCondWrite => (true, true),
        _ => (false, false),
    }
}
