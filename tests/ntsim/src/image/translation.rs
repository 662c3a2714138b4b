//! The driver's code in another place, with a call of the scheduler before what touches memory.
//!
//! Every branch of the copy leads into the copy. Where something else may jump to an address of the original
//! (the kernel by a function's address, a table of jumps), the original has a jump to the copy, or a
//! breakpoint where a jump has no room.

use std::collections::BTreeSet;

use iced_x86::{
    BlockEncoder, BlockEncoderOptions, Code as Opcode, Instruction, InstructionBlock,
    MemoryOperand, Register,
};

use super::code::Code;

/// `int 3`.
pub const BREAKPOINT: u8 = 0xcc;
/// `jmp rel32`.
const JUMP: usize = 5;
/// How far from the original the encoder is told that the instructions are.
const APART: u64 = 1 << 60;
/// The address of the scheduler comes first.
const SLOT: usize = 16;

/// A copy of the code.
#[derive(Clone, Debug, Default)]
pub struct Translation {
    /// Where it begins in the image's memory.
    start: usize,
    /// Its bytes.
    bytes: Vec<u8>,
    /// Of each instruction: its offset, and that of its copy, with the call before it.
    places: Vec<(usize, usize)>,
    /// For each byte, the number of the site that a call which ends before it is for, and one; 0 for none. It is asked
    /// for each access to memory.
    calls: Vec<u32>,
}

impl Translation {
    /// As many bytes as a copy of this code can have.
    pub fn room(code: &Code) -> usize {
        /// A call, or what the longest branch grows by.
        const MORE: usize = 16;
        SLOT + code
            .instructions
            .iter()
            .map(|it| it.len() + MORE)
            .sum::<usize>()
    }

    /// Copies the code of the image at `base` to its offset `start`, with calls of `scheduler` before the sites
    /// that `wanted` names.
    ///
    /// `None` if it has an instruction that cannot be moved.
    pub fn new(
        code: &Code,
        base: usize,
        start: usize,
        scheduler: usize,
        wanted: impl Fn(usize) -> bool,
    ) -> Option<Self> {
        let slot = base + start;
        let call = Instruction::with1(
            Opcode::Call_rm64,
            MemoryOperand::with_base_displ_size(Register::RIP, slot as i64, 8),
        )
        .ok()?;
        let mut sites = code.sites.iter().enumerate().peekable();
        let mut block = Vec::with_capacity(code.instructions.len() * 2);
        // Of each instruction of the block: which of the code it belongs to, and the site that it calls for.
        let mut belongs = Vec::with_capacity(block.capacity());
        for (index, instruction) in code.instructions.iter().enumerate() {
            let mut instruction = *instruction;
            // Only branches lead into the copy: the addresses of functions stay what they are.
            instruction.set_ip(instruction.ip() + APART);
            let target = instruction.near_branch_target();
            if target != 0 && code.begins(target) {
                instruction.set_near_branch64(target + APART);
            }
            if let Some((site, _)) = sites.next_if(|(_, site)| site.index == index)
                && wanted(site)
            {
                let mut call = call;
                // Whoever branches to the instruction comes to the call first.
                call.set_ip(instruction.ip());
                block.push(call);
                belongs.push((index, Some(site)));
                instruction.set_ip(0);
            }
            block.push(instruction);
            belongs.push((index, None));
        }
        let options = BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
        let ip = (slot + SLOT) as u64;
        let encoded = BlockEncoder::encode(64, InstructionBlock::new(&block, ip), options).ok()?;
        let mut this = Self {
            start,
            bytes: (scheduler as u64).to_le_bytes().to_vec(),
            places: Vec::with_capacity(code.instructions.len()),
            calls: Vec::new(),
        };
        this.bytes.resize(SLOT, BREAKPOINT);
        this.bytes.extend(&encoded.code_buffer);
        this.calls.resize(this.bytes.len(), 0);
        let offsets = encoded.new_instruction_offsets.iter();
        let mut site_called = None;
        for (&offset, (index, site)) in offsets.zip(belongs) {
            // Of an instruction that became several, nothing says where it is: it belongs to the one before.
            if offset == u32::MAX {
                site_called = None;
                continue;
            }
            let place = start + SLOT + offset as usize;
            if let Some(site) = site_called.take() {
                if let Some(call) = this.calls.get_mut(place - start) {
                    *call = site as u32 + 1;
                }
            } else if let Some(instruction) = code.instructions.get(index) {
                this.places.push((instruction.ip() as usize - base, place));
            }
            site_called = site;
        }
        Some(this)
    }

    /// The bytes of the copy, each with its offset.
    pub fn content(&self) -> impl Iterator<Item = (usize, u8)> {
        (self.start..).zip(self.bytes.iter().copied())
    }

    /// What has to be where in the original, so that who comes to one of `targets` goes on in the copy.
    pub fn entries(&self, targets: &BTreeSet<usize>) -> Vec<(usize, u8)> {
        let mut changes = Vec::new();
        let is_place = |at: &&usize| self.copy_of(**at).is_some();
        let mut targets = targets.iter().filter(is_place).peekable();
        while let Some(&at) = targets.next() {
            let Some(copy) = self.copy_of(at) else {
                continue;
            };
            let has_room = targets.peek().is_none_or(|next| **next >= at + JUMP);
            let distance = i32::try_from(copy as i64 - (at + JUMP) as i64);
            match distance {
                Ok(distance) if has_room => {
                    let bytes = [0xe9].into_iter().chain(distance.to_le_bytes());
                    changes.extend((at..).zip(bytes));
                }
                _ => changes.push((at, BREAKPOINT)),
            }
        }
        changes
    }

    /// Whether an offset lies in the copy.
    pub fn contains(&self, offset: usize) -> bool {
        (self.start..self.start + self.bytes.len()).contains(&offset)
    }

    /// Where the instruction at an offset has its copy.
    pub fn copy_of(&self, offset: usize) -> Option<usize> {
        let index = self.places.binary_search_by_key(&offset, |place| place.0);
        Some(self.places.get(index.ok()?)?.1)
    }

    /// The offset of the instruction whose copy is at an offset.
    pub fn original(&self, copy: usize) -> Option<usize> {
        if !self.contains(copy) {
            return None;
        }
        let after = self.places.partition_point(|place| place.1 <= copy);
        Some(self.places.get(after.checked_sub(1)?)?.0)
    }

    /// The site that a call with this return address is for.
    pub fn site(&self, offset: usize) -> Option<usize> {
        let call = *self.calls.get(offset.checked_sub(self.start)?)?;
        Some(call.checked_sub(1)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions};

    const BASE: usize = 0x1000;
    const START: usize = 0x100;
    const SCHEDULER: usize = 0x7777_8888_9999;

    fn translated(bytes: &[u8]) -> (Code, Translation) {
        let section = 0..bytes.len();
        let sections = std::slice::from_ref(&section);
        let code = Code::read(bytes, BASE, sections, &BTreeSet::new(), |_| true);
        let copy = Translation::new(&code, BASE, START, SCHEDULER, |_| true).unwrap();
        assert!(copy.bytes.len() <= Translation::room(&code));
        (code, copy)
    }

    fn decoded(copy: &Translation) -> Vec<Instruction> {
        let ip = (BASE + START + SLOT) as u64;
        let decoder = Decoder::with_ip(64, &copy.bytes[SLOT..], ip, DecoderOptions::NONE);
        decoder.into_iter().collect()
    }

    #[test]
    fn a_copy_calls_the_scheduler_first_and_names_the_same_memory() {
        // lock inc dword ptr [rip+10h]; ret
        let (_, copy) = translated(&[0xf0, 0xff, 0x05, 0x10, 0, 0, 0, 0xc3]);
        let code = decoded(&copy);
        assert!(code[0].is_call_near_indirect());
        assert_eq!(code[0].ip_rel_memory_address() as usize, BASE + START);
        assert_eq!(copy.bytes[..8], SCHEDULER.to_le_bytes());
        assert_eq!(code[1].ip_rel_memory_address(), 0x1017);
        let behind = code[1].ip() as usize - BASE;
        assert_eq!(copy.site(behind), Some(0));
        assert_eq!(copy.site(behind + 1), None);
        for inside in [START + SLOT, behind, behind + 1] {
            assert_eq!(copy.original(inside), Some(0));
        }
        assert_eq!(copy.original(code[2].ip() as usize - BASE), Some(7));
        assert_eq!(copy.original(START - 1), None);
    }

    #[test]
    fn the_address_of_a_function_stays_what_it_is() {
        // lea rax, [rip-7]; ret
        let (_, copy) = translated(&[0x48, 0x8d, 0x05, 0xf9, 0xff, 0xff, 0xff, 0xc3]);
        assert_eq!(decoded(&copy)[0].ip_rel_memory_address() as usize, BASE);
    }

    #[test]
    fn branches_lead_to_the_call_before_their_target() {
        // nop; mov eax, [rcx]; jmp -4; ret
        let (_, copy) = translated(&[0x90, 0x8b, 0x01, 0xeb, 0xfc, 0xc3]);
        let code = decoded(&copy);
        let target = copy.copy_of(1).unwrap();
        assert!(code[1].is_call_near_indirect());
        assert_eq!(code[1].ip() as usize, BASE + target);
        assert_eq!(code[3].near_branch_target() as usize, BASE + target);
    }

    #[test]
    fn the_original_leads_to_the_copy() {
        // Six times nop, and ret.
        let (_, copy) = translated(&[0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3]);
        let entries = copy.entries(&BTreeSet::from([0, 3]));
        assert_eq!(entries[0], (0, BREAKPOINT));
        assert_eq!(entries[1], (3, 0xe9));
        let distance: Vec<u8> = entries[2..].iter().map(|it| it.1).collect();
        let distance = i32::from_le_bytes(distance.try_into().unwrap());
        assert_eq!(8 + distance as usize, copy.copy_of(3).unwrap());
        // What is not the beginning of an instruction is left alone.
        assert!(copy.entries(&BTreeSet::from([100])).is_empty());
    }
}
