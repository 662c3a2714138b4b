//! Where the driver's code may be entered other than from the instruction before.

use std::collections::BTreeSet;
use std::ops::Range;

use iced_x86::Instruction;

/// Addresses that something may jump to. Too many do no harm.
#[derive(Debug)]
pub struct Targets {
    addresses: BTreeSet<u64>,
}

impl Targets {
    /// From the branches, from `taken`, and from whatever may be a table of jumps: compilers write a
    /// switch as a table of offsets from the image's base, or from the table itself.
    pub fn read(
        bytes: &[u8],
        base: usize,
        section: Range<usize>,
        instructions: &[Instruction],
        taken: &[usize],
    ) -> Self {
        let code = base + section.start..base + section.end;
        let mut addresses: BTreeSet<u64> = taken.iter().map(|at| (base + at) as u64).collect();
        let mut note = |address: usize| {
            if code.contains(&address) {
                addresses.insert(address as u64);
            }
        };
        for instruction in instructions {
            note(instruction.near_branch_target() as usize);
            if instruction.is_ip_rel_memory_operand() {
                let table = instruction.ip_rel_memory_address() as usize;
                note(table);
                let start = table.wrapping_sub(base);
                for entry in entries(bytes, start) {
                    let target = table.wrapping_add_signed(entry as isize);
                    if !code.contains(&target) {
                        break;
                    }
                    note(target);
                }
            }
        }
        for start in 0..size_of::<i32>() {
            for entry in entries(bytes, start) {
                note(base.wrapping_add_signed(entry as isize));
            }
        }
        Self { addresses }
    }

    /// Whether something may jump to an address.
    pub fn contains(&self, address: u64) -> bool {
        self.addresses.contains(&address)
    }
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
        let targets = Targets::read(&bytes, 0x1000, 0..16, &instructions, &[9]);
        for (address, is_target) in [
            (0x1003, true),
            (0x1007, true),
            (0x1009, true),
            (0x1008, false),
        ] {
            assert_eq!(targets.contains(address), is_target, "{address:#x}");
        }
    }
}
