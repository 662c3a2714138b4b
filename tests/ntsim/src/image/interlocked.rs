//! The driver's own interlocked instructions.
//!
//! Another thread can come between two of them, so each has to be a point for the scheduler. A
//! breakpoint takes the place of its first byte, and a copy of it is put behind the image, from where
//! the driver goes on.

use std::ops::Range;

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};

/// `int 3`.
const BREAKPOINT: u8 = 0xcc;
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
        if instruction.has_lock_prefix() || exchanges {
            let constants = decoder.get_constant_offsets(&instruction);
            let displacement = constants
                .has_displacement()
                .then(|| constants.displacement_offset());
            found.push((offset, instruction, displacement));
        }
    }
    found
}
