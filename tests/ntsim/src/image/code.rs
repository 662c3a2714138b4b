//! The driver's code: its instructions, and which of them touch memory that other threads may touch.

use std::collections::BTreeSet;
use std::ops::Range;

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register, UsedMemory,
};

use super::sums;

/// An instruction that touches memory.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its offset in the image.
    pub offset: usize,
    /// What it does.
    pub kind: Kind,
    /// The memory, but for the stack.
    pub operands: Vec<Operand>,
    /// Its place among the instructions.
    pub index: usize,
}

/// What an instruction does to memory, and who can come between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An interlocked instruction.
    Interlocked,
    /// An interlocked instruction that adds or subtracts, and the driver does not look at what comes out.
    Sum,
    /// Any other.
    Plain,
}

/// A memory operand.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// How its address is computed.
    pub memory: UsedMemory,
    /// How many bytes; each time, if it is repeated.
    pub length: usize,
    /// Whether rcx says how often.
    pub repeated: bool,
    /// Whether it is read.
    pub reads: bool,
    /// Whether it is written.
    pub writes: bool,
}

/// The instructions of an image.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// In the order of their addresses.
    pub instructions: Vec<Instruction>,
    /// Those that touch memory.
    pub sites: Vec<Site>,
    /// Sections that are not code from end to end: nothing is known of what their code does.
    pub unread: usize,
}

impl Code {
    /// Whether an instruction begins at an address.
    pub fn begins(&self, ip: u64) -> bool {
        let found = self.instructions.binary_search_by_key(&ip, Instruction::ip);
        found.is_ok()
    }

    /// Reads the sections of an image that is at `base`. `starts` are offsets where instructions begin.
    /// `writable` says whether something can write what is at an address.
    pub fn read(
        bytes: &[u8],
        base: usize,
        sections: &[Range<usize>],
        starts: &BTreeSet<usize>,
        writable: impl Fn(usize) -> bool,
    ) -> Self {
        let mut code = Self::default();
        for section in sections {
            match decode(bytes, base, section.clone(), starts) {
                Some(instructions) => code.instructions.extend(instructions),
                None => code.unread += 1,
            }
        }
        let mut factory = InstructionInfoFactory::new();
        for (index, instruction) in code.instructions.iter().enumerate() {
            let operands = operands(instruction, &mut factory, &writable);
            if !operands.is_empty() {
                let kind = if !is_interlocked(instruction) {
                    Kind::Plain
                } else if sums::only_adds(&code.instructions, index) {
                    Kind::Sum
                } else {
                    Kind::Interlocked
                };
                code.sites.push(Site {
                    offset: instruction.ip() as usize - base,
                    kind,
                    operands,
                    index,
                });
            }
        }
        code
    }
}

/// The instructions of a section; none if it is not code from end to end.
fn decode(
    bytes: &[u8],
    base: usize,
    section: Range<usize>,
    starts: &BTreeSet<usize>,
) -> Option<Vec<Instruction>> {
    let code = bytes.get(section.clone())?;
    // Zeros fill the last page.
    let length = code
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let end = section.start + length;
    let mut instructions = Vec::new();
    let mut at = section.start;
    while at < end {
        // Behind a function there may be a table that is none of its code.
        let next = starts
            .range(at + 1..)
            .next()
            .copied()
            .unwrap_or(end)
            .min(end);
        // The last instruction may end in zeros.
        let to = if next == end { section.end } else { next };
        let part = bytes.get(at..to)?;
        let mut decoder = Decoder::with_ip(64, part, (base + at) as u64, DecoderOptions::NONE);
        while decoder.can_decode() && decoder.ip() < (base + next) as u64 {
            let instruction = decoder.decode();
            if instruction.is_invalid() {
                if next == end {
                    return None;
                }
                break;
            }
            instructions.push(instruction);
        }
        at = next;
    }
    Some(instructions)
}

fn is_interlocked(instruction: &Instruction) -> bool {
    // XCHG with memory locks without the prefix.
    let exchanges = instruction.mnemonic() == Mnemonic::Xchg
        && (instruction.op0_kind() == OpKind::Memory || instruction.op1_kind() == OpKind::Memory);
    instruction.has_lock_prefix() || exchanges
}

/// The memory that an instruction touches and that others can get at, as far as one can see.
fn operands(
    instruction: &Instruction,
    factory: &mut InstructionInfoFactory,
    writable: impl Fn(usize) -> bool,
) -> Vec<Operand> {
    let is_fixed = instruction.is_ip_rel_memory_operand()
        && !writable(instruction.ip_rel_memory_address() as usize);
    let repeated = instruction.has_rep_prefix() || instruction.has_repne_prefix();
    let used = factory.info(instruction).used_memory().iter();
    used.filter(|memory| {
        memory.segment() != Register::GS
            && memory.base() != Register::RSP
            && !(is_fixed && matches!(memory.base(), Register::None | Register::RIP))
    })
    .filter_map(|memory| {
        let (reads, writes) = directions(memory.access())?;
        Some(Operand {
            memory: *memory,
            length: memory.memory_size().size().max(1),
            repeated: repeated && instruction.is_string_instruction(),
            reads,
            writes,
        })
    })
    .collect()
}

/// Whether an access reads, and whether it writes.
const fn directions(access: OpAccess) -> Option<(bool, bool)> {
    match access {
        OpAccess::Read | OpAccess::CondRead => Some((true, false)),
        OpAccess::Write | OpAccess::CondWrite => Some((false, true)),
        OpAccess::ReadWrite | OpAccess::ReadCondWrite => Some((true, true)),
        OpAccess::None | OpAccess::NoMemAccess => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice::from_ref;

    const BASE: usize = 0x1000;

    /// Offset, kind, and the operands, each whether it is read and written, and its length.
    type Short = (usize, Kind, Vec<(bool, bool, usize)>);

    fn sites(code: &[u8]) -> Vec<Short> {
        let read = Code::read(
            code,
            BASE,
            from_ref(&(0..code.len())),
            &BTreeSet::new(),
            |at| at > 0x2000,
        );
        let short = |it: &Operand| (it.reads, it.writes, it.length);
        let each = |site: &Site| {
            (
                site.offset,
                site.kind,
                site.operands.iter().map(short).collect(),
            )
        };
        read.sites.iter().map(each).collect()
    }

    #[test]
    fn what_touches_shared_memory_is_found() {
        let code = [
            0xf0, 0xff, 0x41, 0x48, // lock inc dword ptr [rcx+48h]
            0x87, 0x0a, // xchg ecx, [rdx]
            0x87, 0xca, // xchg ecx, edx
            0x48, 0x8b, 0x40, 0x48, // mov rax, [rax+48h]
            0x89, 0x44, 0x24, 0x08, // mov [rsp+8], eax
            0x01, 0x02, // add [rdx], eax
            0x48, 0x8d, 0x02, // lea rax, [rdx]
            0xff, 0x15, 0x10, 0, 0, 0, // call [rip+10h]
            0x8b, 0x05, 0, 0x20, 0, 0,    // mov eax, [rip+2000h]
            0xc3, // ret
        ];
        assert_eq!(
            sites(&code),
            [
                (0, Kind::Sum, vec![(true, true, 4)]),
                (4, Kind::Interlocked, vec![(true, true, 4)]),
                (8, Kind::Plain, vec![(true, false, 8)]),
                (16, Kind::Plain, vec![(true, true, 4)]),
                (27, Kind::Plain, vec![(true, false, 4)]),
            ]
        );
    }

    #[test]
    fn a_repeated_one_touches_two_places() {
        let code = [0xf3, 0xa4, 0xc3]; // rep movsb; ret
        let read = Code::read(&code, BASE, from_ref(&(0..3)), &BTreeSet::new(), |_| true);
        let operands = &read.sites[0].operands;
        assert!(operands.iter().all(|it| it.repeated && it.length == 1));
        assert!(operands.iter().any(|it| it.reads) && operands.iter().any(|it| it.writes));
    }

    #[test]
    fn what_is_not_code_is_left_alone() {
        // lock with an instruction that cannot have it.
        let code = [0xf0, 0x90, 0xf0, 0xff, 0x01, 0xc3, 0x90];
        let section = 0..code.len();
        let read = Code::read(&code, 0, from_ref(&section), &BTreeSet::new(), |_| true);
        assert_eq!((read.instructions.len(), read.unread), (0, 1));
        // But where a function is known to begin, there is code again.
        let read = Code::read(&code, 0, &[section], &BTreeSet::from([2]), |_| true);
        assert_eq!((read.instructions.len(), read.unread), (3, 0));
        assert_eq!(read.sites[0].offset, 2);
    }
}
