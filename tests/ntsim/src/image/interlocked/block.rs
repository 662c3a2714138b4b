//! Instructions in another place.

use iced_x86::{BlockEncoder, BlockEncoderOptions, Code, Instruction, InstructionBlock};

/// Instructions as they are for their new place, and the jump back to what comes after them.
#[derive(Debug)]
pub struct Block {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where in them each instruction begins, and where it was.
    pub moved: Vec<(usize, u64)>,
}

impl Block {
    /// `None` if one of them cannot be moved.
    pub fn encode(instructions: &[Instruction], ip: u64) -> Option<Self> {
        let next = instructions.last()?.next_ip();
        let back = Instruction::with_branch(Code::Jmp_rel32_64, next).ok()?;
        let mut block = instructions.to_vec();
        block.push(back);
        let options = BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
        let encoded = BlockEncoder::encode(64, InstructionBlock::new(&block, ip), options).ok()?;
        // Of an instruction that became several, nothing says where it is: it belongs to the one before.
        let moved = encoded.new_instruction_offsets.iter().zip(instructions);
        let moved = moved
            .filter(|(at, _)| **at != u32::MAX)
            .map(|(at, instruction)| (*at as usize, instruction.ip()))
            .collect();
        Some(Self {
            bytes: encoded.code_buffer,
            moved,
        })
    }
}
