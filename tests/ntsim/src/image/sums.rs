//! Which interlocked instructions only add to a number that nobody looks at on that occasion.

use iced_x86::{FlowControl, Instruction, Mnemonic};

/// Whether the instruction at `index` adds or subtracts, and what comes out is not looked at.
pub fn only_adds(instructions: &[Instruction], index: usize) -> bool {
    let adds = |it: &Instruction| {
        matches!(
            it.mnemonic(),
            Mnemonic::Add | Mnemonic::Inc | Mnemonic::Dec | Mnemonic::Sub
        )
    };
    instructions.get(index).is_some_and(adds) && !flags_are_used(instructions, index)
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

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions};

    /// Whether the first instruction only adds.
    fn first(code: &[u8]) -> bool {
        let decoder = Decoder::with_ip(64, code, 0x1000, DecoderOptions::NONE);
        let instructions: Vec<Instruction> = decoder.into_iter().collect();
        only_adds(&instructions, 0)
    }

    #[test]
    fn what_adds_and_is_not_looked_at_is_told_from_the_rest() {
        // lock inc dword ptr [rcx+48h], and then:
        let inc = |rest: &[u8]| first(&[&[0xf0, 0xff, 0x41, 0x48], rest].concat());
        // xor eax, eax; ret
        assert!(inc(&[0x31, 0xc0, 0xc3]));
        // mov eax, 1; ret
        assert!(inc(&[0xb8, 1, 0, 0, 0, 0xc3]));
        // je +0; ret
        assert!(!inc(&[0x74, 0, 0xc3]));
        // jmp +1; nop; ret; and the same with je +0 before ret
        assert!(inc(&[0xeb, 1, 0x90, 0xc3]));
        assert!(!inc(&[0xeb, 1, 0x90, 0x74, 0, 0xc3]));
        // test eax, eax leaves nothing of the flags; je +0; ret
        assert!(inc(&[0x85, 0xc0, 0x74, 0, 0xc3]));
        // inc eax leaves the carry as it was, but so does lock inc; jb +0; ret
        assert!(inc(&[0xff, 0xc0, 0x72, 0, 0xc3]));
        // lock xadd [rcx+48h], eax; ret
        assert!(!first(&[0xf0, 0x0f, 0xc1, 0x41, 0x48, 0xc3]));
    }
}
