//! Where the driver's code may be entered other than from the instruction before.

use std::collections::BTreeSet;
use std::ops::Range;

use iced_x86::Instruction;

/// The offsets that something may jump to: what instructions and `taken` name, and whatever may be a table of
/// jumps, since compilers write a switch as a table of offsets from the image's base, or from the table
/// itself. What is no instruction does no harm.
pub fn find(
    bytes: &[u8],
    base: usize,
    sections: &[Range<usize>],
    instructions: &[Instruction],
    taken: Vec<usize>,
) -> BTreeSet<usize> {
    let is_code = |offset: &usize| sections.iter().any(|section| section.contains(offset));
    let mut offsets: BTreeSet<usize> = taken.into_iter().filter(is_code).collect();
    let mut note = |offset: usize| {
        let code = is_code(&offset);
        if code {
            offsets.insert(offset);
        }
        code
    };
    for instruction in instructions {
        if instruction.is_ip_rel_memory_operand() {
            let table = (instruction.ip_rel_memory_address() as usize).wrapping_sub(base);
            note(table);
            for entry in entries(bytes, table) {
                if !note(table.wrapping_add_signed(entry as isize)) {
                    break;
                }
            }
        }
    }
    for start in 0..size_of::<i32>() {
        for entry in entries(bytes, start) {
            note(entry as usize);
        }
    }
    offsets
}

/// What is from `start` on, taken for 32-bit numbers.
fn entries(bytes: &[u8], start: usize) -> impl Iterator<Item = i32> {
    let words = bytes.get(start..).unwrap_or_default();
    let (words, _) = words.as_chunks::<4>();
    words.iter().map(|word| i32::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions};
    use std::slice::from_ref;

    #[test]
    fn tables_of_either_kind_are_seen() {
        // lea rdx, [rip+9]; two nops, a table at 16: -16 + 3 from itself, and 7 from the base.
        let mut bytes = vec![0x48, 0x8d, 0x15, 9, 0, 0, 0];
        bytes.resize(16, 0x90);
        bytes.extend((-13i32).to_le_bytes());
        bytes.extend(7u32.to_le_bytes());
        let code = &bytes[..16];
        let decoder = Decoder::with_ip(64, code, 0x1000, DecoderOptions::NONE);
        let instructions: Vec<Instruction> = decoder.into_iter().collect();
        let targets = find(&bytes, 0x1000, from_ref(&(0..16)), &instructions, vec![9]);
        for (offset, is_target) in [(3, true), (7, true), (9, true), (8, false)] {
            assert_eq!(targets.contains(&offset), is_target, "{offset:#x}");
        }
    }
}
