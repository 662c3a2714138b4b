//! What an interlocked instruction does to its field, and who can tell.

use std::ops::Range;

use iced_x86::{
    FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, Register, UsedMemory,
};

/// What an instruction does to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads it.
    Read,
    /// Adds to it, or subtracts from it, and the driver does not look at what comes out.
    Add,
    /// Anything else.
    Write,
}

/// What the instruction at `index` does. `sites` are those before which the scheduler comes.
pub fn of(instructions: &[Instruction], sites: &[usize], index: usize) -> Option<Access> {
    let instruction = instructions.get(index)?;
    let memory = *InstructionInfoFactory::new()
        .info(instruction)
        .used_memory()
        .first()?;
    if matches!(memory.access(), OpAccess::Read | OpAccess::CondRead) {
        return Some(Access::Read);
    }
    let adds = matches!(
        instruction.mnemonic(),
        Mnemonic::Add | Mnemonic::Inc | Mnemonic::Dec | Mnemonic::Sub
    );
    let unseen = adds
        && !flags_are_used(instructions, index)
        && !is_read_unnoticed(instructions, sites, &memory);
    Some(if unseen { Access::Add } else { Access::Write })
}

/// Whether the flags that an instruction sets may be looked at, as far as one can see.
fn flags_are_used(instructions: &[Instruction], index: usize) -> bool {
    const MOST: usize = 100;
    let set = |it: &Instruction| it.rflags_modified();
    let Some(mut left) = instructions.get(index).map(set) else {
        return true;
    };
    let mut next_index = index + 1;
    // More jumps than any code makes to get to something else.
    for _ in 0..MOST {
        let Some(next) = instructions.get(next_index) else {
            return true;
        };
        next_index += 1;
        if next.rflags_read() & left != 0 {
            return true;
        }
        match next.flow_control() {
            FlowControl::Next => {}
            FlowControl::UnconditionalBranch => {
                let target = next.near_branch_target();
                match instructions.binary_search_by_key(&target, Instruction::ip) {
                    Ok(index) => next_index = index,
                    Err(_) => return true,
                }
            }
            // A function that is called or returned to finds nothing in the flags.
            FlowControl::Call | FlowControl::IndirectCall | FlowControl::Return => return false,
            _ => return true,
        }
        left &= !set(next);
        if left == 0 {
            return false;
        }
    }
    true
}

/// Whether some instruction may read the field without being a site, so that nobody would notice when.
fn is_read_unnoticed(instructions: &[Instruction], sites: &[usize], field: &UsedMemory) -> bool {
    let own = bytes_of(field);
    let mut factory = InstructionInfoFactory::new();
    instructions.iter().enumerate().any(|(index, it)| {
        !sites.contains(&index)
            && factory.info(it).used_memory().iter().any(|memory| {
                let theirs = bytes_of(memory);
                is_shared(memory)
                    && !matches!(memory.access(), OpAccess::Write | OpAccess::NoMemAccess)
                    && theirs.start < own.end
                    && own.start < theirs.end
            })
    })
}

/// Whether a memory operand can be one that other threads know of.
fn is_shared(memory: &UsedMemory) -> bool {
    memory.base() != Register::RSP && memory.segment() != Register::GS
}

/// Which bytes of a structure.
fn bytes_of(memory: &UsedMemory) -> Range<i64> {
    let start = memory.displacement() as i64;
    start..start + memory.memory_size().size().max(1) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions};

    /// What the first instruction does.
    fn first(code: &[u8]) -> Access {
        let decoder = Decoder::with_ip(64, code, 0x1000, DecoderOptions::NONE);
        let instructions: Vec<Instruction> = decoder.into_iter().collect();
        of(&instructions, &[0], 0).unwrap()
    }

    #[test]
    fn what_adds_and_is_not_looked_at_is_told_from_the_rest() {
        // lock inc dword ptr [rcx+48h], and then:
        let inc = |rest: &[u8]| first(&[&[0xf0, 0xff, 0x41, 0x48], rest].concat());
        // xor eax, eax; ret
        assert_eq!(inc(&[0x31, 0xc0, 0xc3]), Access::Add);
        // mov eax, 1; ret
        assert_eq!(inc(&[0xb8, 1, 0, 0, 0, 0xc3]), Access::Add);
        // je +0; ret
        assert_eq!(inc(&[0x74, 0, 0xc3]), Access::Write);
        // jmp +1; nop; ret; and the same with je +0 before ret
        assert_eq!(inc(&[0xeb, 1, 0x90, 0xc3]), Access::Add);
        assert_eq!(inc(&[0xeb, 1, 0x90, 0x74, 0, 0xc3]), Access::Write);
        // test eax, eax leaves nothing of the flags; je +0; ret
        assert_eq!(inc(&[0x85, 0xc0, 0x74, 0, 0xc3]), Access::Add);
        // inc eax leaves the carry as it was, but so does lock inc; jb +0; ret
        assert_eq!(inc(&[0xff, 0xc0, 0x72, 0, 0xc3]), Access::Add);
        // add eax, [rdx+46h]; ret: reads half of it
        assert_eq!(inc(&[0x03, 0x42, 0x46, 0xc3]), Access::Write);
        // add eax, [rdx+44h]; ret: ends before it
        assert_eq!(inc(&[0x03, 0x42, 0x44, 0xc3]), Access::Add);
        // lock xadd [rcx+48h], eax; ret
        assert_eq!(first(&[0xf0, 0x0f, 0xc1, 0x41, 0x48, 0xc3]), Access::Write);
        // mov eax, [rcx+48h]
        assert_eq!(first(&[0x8b, 0x41, 0x48]), Access::Read);
    }
}
