//! The driver's own interlocked instructions.
//!
//! Another thread can come between two of them, so each has to be a point for the scheduler. A
//! breakpoint takes the place of its first byte, and a copy of it is put behind the image, from where
//! the driver goes on.

use std::ops::Range;

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

/// `int 3`.
pub const BREAKPOINT: u8 = 0xcc;
/// Room for one copy: the longest instruction and the jump back.
const STUB: usize = 32;

/// An interlocked instruction.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its offset in the image.
    pub offset: usize,
    /// The offset of its copy.
    pub stub: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Site {
    /// The offsets of its copy.
    #[must_use]
    pub const fn copy(&self) -> Range<usize> {
        self.stub..self.stub + STUB
    }
}

/// How many bytes the copies for this much code can need at most.
pub fn room(sections: impl Iterator<Item = Range<usize>>, bytes: &[u8], base: usize) -> usize {
    sections
        .map(|section| find(bytes, base, section).len() * STUB)
        .sum()
}

/// Puts the breakpoints into a section of the image at `base`, and the copies at the end of `bytes`.
pub fn install(bytes: &mut Vec<u8>, base: usize, section: Range<usize>) -> Vec<Site> {
    let mut sites = Vec::new();
    for (offset, instruction, displacement) in find(bytes, base, section) {
        let end = offset + instruction.len();
        let Some(original) = bytes.get(offset..end).map(<[u8]>::to_vec) else {
            continue;
        };
        let stub = bytes.len();
        let mut copy = original.clone();
        if instruction.is_ip_rel_memory_operand() {
            // The copy is as much nearer to what it names as it is farther in the image.
            let moved = (stub - offset) as u32;
            let field = displacement.and_then(|at| copy.get_mut(at..)?.first_chunk_mut::<4>());
            let Some(field) = field else { continue };
            *field = u32::from_le_bytes(*field).wrapping_sub(moved).to_le_bytes();
        }
        // jmp [rip + 0]
        copy.extend([0xff, 0x25, 0, 0, 0, 0]);
        copy.extend((base + end).to_le_bytes());
        copy.resize(STUB, BREAKPOINT);
        bytes.extend(copy);
        if let Some(first) = bytes.get_mut(offset) {
            *first = BREAKPOINT;
        }
        sites.push(Site {
            offset,
            stub,
            bytes: original,
        });
    }
    sites
}

/// The interlocked instructions of a section, and where in each the displacement is; none if the
/// section is not code from end to end.
fn find(
    bytes: &[u8],
    base: usize,
    section: Range<usize>,
) -> Vec<(usize, Instruction, Option<usize>)> {
    let start = section.start;
    let Some(code) = bytes.get(section) else {
        return Vec::new();
    };
    // Zeros fill the last page.
    let length = code
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let code = code.get(..length).unwrap_or_default();
    let ip = (base + start) as u64;
    let mut decoder = Decoder::with_ip(64, code, ip, DecoderOptions::NONE);
    let mut found = Vec::new();
    let mut loads = Vec::new();
    while decoder.can_decode() {
        let offset = start + decoder.position();
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            // The last instruction may end in zeros.
            if decoder.can_decode() {
                return Vec::new();
            }
            break;
        }
        // XCHG with memory locks without the prefix.
        let exchanges = instruction.mnemonic() == Mnemonic::Xchg
            && (instruction.op0_kind() == OpKind::Memory
                || instruction.op1_kind() == OpKind::Memory);
        let constants = decoder.get_constant_offsets(&instruction);
        let displacement = constants
            .has_displacement()
            .then(|| constants.displacement_offset());
        if instruction.has_lock_prefix() || exchanges {
            found.push((offset, instruction, displacement));
        } else if is_load(&instruction) {
            loads.push((offset, instruction, displacement));
        }
    }
    let fields: Vec<(u64, usize)> = found.iter().map(|(_, it, _)| field(it)).collect();
    loads.retain(|(_, load, _)| load.memory_displacement64() != 0 && fields.contains(&field(load)));
    found.extend(loads);
    found.sort_unstable_by_key(|(offset, _, _)| *offset);
    found
}

/// Whether an instruction only reads memory, and that through a pointer.
fn is_load(instruction: &Instruction) -> bool {
    let reads = match instruction.mnemonic() {
        Mnemonic::Mov | Mnemonic::Movzx => instruction.op1_kind() == OpKind::Memory,
        Mnemonic::Cmp | Mnemonic::Test => {
            instruction.op0_kind() == OpKind::Memory || instruction.op1_kind() == OpKind::Memory
        }
        _ => false,
    };
    let base = instruction.memory_base();
    reads
        && base != Register::RSP
        && base != Register::None
        && !instruction.is_ip_rel_memory_operand()
}

/// Which field of a structure an instruction touches, as far as one can see: its offset and length.
fn field(instruction: &Instruction) -> (u64, usize) {
    (
        instruction.memory_displacement64(),
        instruction.memory_size().size(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interlocked_instructions_and_loads_of_the_same_field_are_found() {
        let code = [
            0xf0, 0xff, 0x41, 0x48, // lock inc dword ptr [rcx+48h]
            0x8b, 0x40, 0x48, // mov eax, [rax+48h]
            0x8b, 0x40, 0x44, // mov eax, [rax+44h]
            0x48, 0x8b, 0x40, 0x48, // mov rax, [rax+48h]
            0x87, 0x0a, // xchg ecx, [rdx]
            0x87, 0xca, // xchg ecx, edx
            0xc3, // ret
        ];
        let found = find(&code, 0x1000, 0..code.len());
        let offsets: Vec<usize> = found.iter().map(|(offset, _, _)| *offset).collect();
        assert_eq!(offsets, [0, 4, 14]);
    }

    #[test]
    fn a_copy_goes_back_and_names_the_same_memory() {
        // lock inc dword ptr [rip+10h]; ret
        let mut bytes = vec![0xf0, 0xff, 0x05, 0x10, 0, 0, 0, 0xc3];
        bytes.resize(0x100, 0);
        let sites = install(&mut bytes, 0x1000, 0..0x100);
        assert_eq!((sites[0].offset, sites[0].stub), (0, 0x100));
        assert_eq!(bytes[0], BREAKPOINT);
        let copy = &bytes[sites[0].copy()];
        let moved = i32::from_le_bytes(*copy[3..].first_chunk().unwrap());
        assert_eq!(0x100 + moved, 0x10);
        let back = u64::from_le_bytes(*copy[13..].first_chunk().unwrap());
        assert_eq!(back, 0x1007);
    }

    #[test]
    fn what_is_not_code_is_left_alone() {
        // lock with an instruction that cannot have it.
        let code = [0xf0, 0x90, 0xf0, 0xff, 0x01, 0xc3, 0x90];
        assert!(find(&code, 0, 0..code.len()).is_empty());
    }
}
