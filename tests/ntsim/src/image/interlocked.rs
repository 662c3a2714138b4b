//! The driver's own interlocked instructions.
//!
//! Another thread can come between two of them, so each has to be a point for the scheduler. A copy of
//! it is put behind the image, after a call of the scheduler, and the driver is sent there: by a jump,
//! or by a breakpoint where the jump has no room or every instruction has to stay in its place.

mod access;
mod block;
mod target;

use std::ops::Range;

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpKind, Register,
    UsedMemory,
};

pub use access::Access;
use block::Block;
use target::Targets;

/// `int 3`.
pub const BREAKPOINT: u8 = 0xcc;
/// `jmp rel32`.
const JUMP: usize = 5;
/// `call [rip + rel32]`.
const CALL: usize = 6;
/// Room for one stub: the call, at most four instructions, of which one may be a branch that gets longer,
/// the jump back, and the address that is called.
const STUB: usize = 96;

/// How the driver gets from an instruction to its stub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Not at all.
    None,
    /// By a signal: every other instruction stays in its place.
    Breakpoint,
    /// By a jump where one fits, without any signal.
    Jump,
}

/// An interlocked instruction.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its offset in the image.
    pub offset: usize,
    /// The offset of its stub.
    stub: usize,
    /// The memory that it touches.
    pub memory: UsedMemory,
    /// What it does there.
    pub access: Access,
    /// The bytes that a jump takes the place of.
    original: Vec<u8>,
    /// The jump, if it fits.
    jump: Option<[u8; JUMP]>,
    /// Where in the stub each instruction begins, and where in the image.
    moved: Vec<(usize, usize)>,
}

impl Site {
    /// The offset of the copy, behind the call of the scheduler.
    #[must_use]
    pub const fn copy(&self) -> usize {
        self.stub + CALL
    }

    /// The offsets of its stub.
    #[must_use]
    pub const fn stub(&self) -> Range<usize> {
        self.stub..self.stub + STUB
    }

    /// The offset in the image of the instruction whose copy is at an offset in the stub.
    #[must_use]
    pub fn original(&self, offset: usize) -> usize {
        let moved = self.moved.iter().rev();
        let before = |(copy, _): &&(usize, usize)| *copy <= offset;
        moved
            .clone()
            .find(before)
            .map_or(self.offset, |(_, original)| *original)
    }

    /// The offset in the stub of the copy of the instruction at an offset in the image, if it was moved
    /// together with this one.
    #[must_use]
    pub fn copy_of(&self, offset: usize) -> Option<usize> {
        let mut moved = self.moved.iter();
        moved.find_map(|(copy, original)| (*original == offset).then_some(*copy))
    }

    /// What has to be in the image, and from which offset on, so that it gets to the stub in some way.
    pub fn bytes(&self, way: Way) -> impl Iterator<Item = (usize, u8)> {
        let start: &[u8] = match (way, &self.jump) {
            (Way::None, _) => &[],
            (Way::Jump, Some(jump)) => jump,
            (Way::Jump, None) | (Way::Breakpoint, _) => &[BREAKPOINT],
        };
        let rest = self.original.iter().skip(start.len());
        (self.offset..).zip(start.iter().chain(rest).copied())
    }
}

/// How many bytes the stubs for this much code can need at most.
pub fn room(sections: impl Iterator<Item = Range<usize>>, bytes: &[u8], base: usize) -> usize {
    sections
        .map(|section| Code::read(bytes, base, section).sites.len() * STUB)
        .sum()
}

/// Puts the stubs for a section of the image at `base` at the end of `bytes`. Each calls `scheduler`.
/// `taken` are offsets that the driver can jump to in a way that its branches do not show.
pub fn install(
    bytes: &mut Vec<u8>,
    base: usize,
    section: Range<usize>,
    scheduler: usize,
    taken: &[usize],
) -> Vec<Site> {
    let code = Code::read(bytes, base, section.clone());
    let targets = Targets::read(bytes, base, section, &code.instructions, taken);
    let mut sites = Vec::new();
    for &index in &code.sites {
        let stub = bytes.len();
        let copy = (base + stub + CALL) as u64;
        let moved = code.moved(index, &targets);
        // Without a jump, only the instruction itself has to have a copy.
        let (jumps, block) = match moved.and_then(|moved| Block::encode(moved, copy)) {
            Some(block) if block.bytes.len() <= STUB - CALL - size_of::<usize>() => (true, block),
            _ => {
                let alone = code.instructions.get(index..=index);
                let Some(block) = alone.and_then(|alone| Block::encode(alone, copy)) else {
                    continue;
                };
                (false, block)
            }
        };
        let Some(site) = code.site(index, bytes, base, stub, jumps, &block) else {
            continue;
        };
        let mut content = vec![0xff, 0x15];
        content.extend(((STUB - size_of::<usize>() - CALL) as u32).to_le_bytes());
        content.extend(&block.bytes);
        content.resize(STUB - size_of::<usize>(), BREAKPOINT);
        content.extend(scheduler.to_le_bytes());
        bytes.extend(content);
        sites.push(site);
    }
    sites
}

/// The instructions of a section.
#[derive(Debug, Default)]
struct Code {
    instructions: Vec<Instruction>,
    /// Which of them are interlocked.
    sites: Vec<usize>,
}

impl Code {
    /// Nothing, if the section is not code from end to end.
    fn read(bytes: &[u8], base: usize, section: Range<usize>) -> Self {
        let instructions = decode(bytes, base, section).unwrap_or_default();
        let sites = find(&instructions);
        Self {
            instructions,
            sites,
        }
    }

    /// The instructions from `index` on that a jump takes the place of, if they all can be moved: nothing
    /// branches to one but the first, none is a call, whose return address tells where it is, and none
    /// is a site of its own.
    fn moved(&self, index: usize, targets: &Targets) -> Option<&[Instruction]> {
        let mut end = index;
        let mut length = 0;
        while length < JUMP {
            let instruction = self.instructions.get(end)?;
            let follows = end != index;
            if follows && (targets.contains(instruction.ip()) || self.sites.contains(&end)) {
                return None;
            }
            if instruction.is_call_near()
                || instruction.is_call_near_indirect()
                || instruction.is_call_far()
                || matches!(instruction.mnemonic(), Mnemonic::Int | Mnemonic::Int3)
            {
                return None;
            }
            length += instruction.len();
            end += 1;
        }
        self.instructions.get(index..end)
    }

    fn site(
        &self,
        index: usize,
        bytes: &[u8],
        base: usize,
        stub: usize,
        jumps: bool,
        block: &Block,
    ) -> Option<Site> {
        let instruction = self.instructions.get(index)?;
        let offset = instruction.ip() as usize - base;
        let mut factory = InstructionInfoFactory::new();
        let memory = *factory.info(instruction).used_memory().first()?;
        let distance = stub as i64 - (offset + JUMP) as i64;
        let mut jump = [0xe9, 0, 0, 0, 0];
        jump.get_mut(1..)?
            .copy_from_slice(&i32::try_from(distance).ok()?.to_le_bytes());
        let length = instruction.len().max(JUMP);
        let moved = block.moved.iter();
        Some(Site {
            offset,
            stub,
            memory,
            access: access::of(&self.instructions, &self.sites, index)?,
            original: bytes.get(offset..offset + length)?.to_vec(),
            jump: jumps.then_some(jump),
            moved: moved
                .map(|&(at, ip)| (stub + CALL + at, ip as usize - base))
                .collect(),
        })
    }
}

/// The instructions of a section; none if it is not code from end to end.
fn decode(bytes: &[u8], base: usize, section: Range<usize>) -> Option<Vec<Instruction>> {
    let ip = (base + section.start) as u64;
    let code = bytes.get(section)?;
    // Zeros fill the last page.
    let length = code
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let code = code.get(..length)?;
    let mut decoder = Decoder::with_ip(64, code, ip, DecoderOptions::NONE);
    let mut instructions = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            // The last instruction may end in zeros.
            return (!decoder.can_decode()).then_some(instructions);
        }
        instructions.push(instruction);
    }
    Some(instructions)
}

/// Which instructions are interlocked, or read what such an instruction may write.
fn find(instructions: &[Instruction]) -> Vec<usize> {
    let fields: Vec<(u64, usize)> = instructions
        .iter()
        .filter(|it| is_interlocked(it))
        .map(field)
        .collect();
    let is_site = |it: &Instruction| {
        is_interlocked(it)
            || (is_load(it) && it.memory_displacement64() != 0 && fields.contains(&field(it)))
    };
    let numbered = instructions.iter().enumerate();
    numbered
        .filter(|(_, it)| is_site(it))
        .map(|(index, _)| index)
        .collect()
}

fn is_interlocked(instruction: &Instruction) -> bool {
    // XCHG with memory locks without the prefix.
    let exchanges = instruction.mnemonic() == Mnemonic::Xchg
        && (instruction.op0_kind() == OpKind::Memory || instruction.op1_kind() == OpKind::Memory);
    instruction.has_lock_prefix() || exchanges
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

    const BASE: usize = 0x1000;
    const SCHEDULER: usize = 0x7777_8888_9999;

    /// The code with stubs behind it, and the sites.
    fn installed(code: &[u8]) -> (Vec<u8>, Vec<Site>) {
        let mut bytes = code.to_vec();
        bytes.resize(0x100, 0);
        let sites = install(&mut bytes, BASE, 0..0x100, SCHEDULER, &[]);
        (bytes, sites)
    }

    /// What is at the site once it is patched.
    fn patched(site: &Site, way: Way) -> Vec<u8> {
        site.bytes(way).map(|(_, byte)| byte).collect()
    }

    /// The instructions of the stub's copy, with the jump back.
    fn copied(bytes: &[u8], site: &Site, count: usize) -> Vec<Instruction> {
        let code = &bytes[site.copy()..site.stub().end];
        let ip = (BASE + site.copy()) as u64;
        let mut decoder = Decoder::with_ip(64, code, ip, DecoderOptions::NONE);
        (0..=count).map(|_| decoder.decode()).collect()
    }

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
        let found = Code::read(&code, BASE, 0..code.len()).sites;
        assert_eq!(found, [0, 1, 4]);
    }

    #[test]
    fn a_copy_goes_back_and_names_the_same_memory() {
        // lock inc dword ptr [rip+10h]; ret
        let (bytes, sites) = installed(&[0xf0, 0xff, 0x05, 0x10, 0, 0, 0, 0xc3]);
        let site = &sites[0];
        assert_eq!((site.offset, site.stub), (0, 0x100));
        let copy = copied(&bytes, site, 1);
        assert_eq!(copy[0].ip_rel_memory_address(), 0x1017);
        assert_eq!(copy[1].near_branch_target(), 0x1007);
        assert_eq!(patched(site, Way::None), bytes[..7]);
        assert_eq!(patched(site, Way::Breakpoint)[0], BREAKPOINT);
        // jmp 0x1100
        assert_eq!(patched(site, Way::Jump)[..5], [0xe9, 0xfb, 0, 0, 0]);
        assert_eq!(patched(site, Way::Jump)[5..], bytes[5..7]);
    }

    #[test]
    fn a_stub_calls_the_scheduler_first() {
        let (bytes, sites) = installed(&[0xf0, 0xff, 0x05, 0x10, 0, 0, 0, 0xc3]);
        let code = &bytes[sites[0].stub()];
        let mut decoder = Decoder::with_ip(64, code, 0x1100, DecoderOptions::NONE);
        let call = decoder.decode();
        assert!(call.is_call_near_indirect());
        let slot = call.ip_rel_memory_address() as usize - BASE;
        let address = u64::from_le_bytes(*bytes[slot..].first_chunk().unwrap());
        assert_eq!(address, SCHEDULER as u64);
        assert_eq!(decoder.ip() as usize, BASE + sites[0].copy());
    }

    #[test]
    fn what_follows_a_short_one_is_moved_along() {
        let code = [
            0x87, 0x0a, // xchg ecx, [rdx]
            0x74, 0x04, // je +4
            0x8b, 0x05, 0x10, 0, 0, 0,    // mov eax, [rip+10h]
            0xc3, // ret
        ];
        let (bytes, sites) = installed(&code);
        let site = &sites[0];
        let copy = copied(&bytes, site, 3);
        assert_eq!(copy[1].near_branch_target(), 0x1008);
        assert_eq!(copy[2].ip_rel_memory_address(), 0x101a);
        assert_eq!(copy[3].near_branch_target(), 0x100a);
        assert_eq!(patched(site, Way::Jump)[0], 0xe9);
        let offset = |at: usize| copy[at].ip() as usize - BASE;
        assert_eq!(site.original(offset(0)), 0);
        assert_eq!(site.original(offset(2)), 4);
        assert_eq!(site.original(offset(2) + 1), 4);
        // Before the copy is the call, which belongs to the instruction.
        assert_eq!(site.original(site.stub), 0);
    }

    #[test]
    fn where_a_jump_has_no_room_a_breakpoint_stays() {
        // The second instruction is: branched to, a call, another site, or the end.
        let branched: &[u8] = &[0x87, 0x0a, 0x90, 0x90, 0x90, 0xeb, 0xfb];
        let call: &[u8] = &[0x87, 0x0a, 0xe8, 0, 0, 0, 0, 0xc3];
        let two: &[u8] = &[0x87, 0x0a, 0x87, 0x0a, 0x90, 0x90, 0x90, 0xc3];
        let end: &[u8] = &[0x87, 0x0a, 0xc3];
        for code in [branched, call, two, end] {
            let (bytes, sites) = installed(code);
            let site = &sites[0];
            assert_eq!(patched(site, Way::Jump)[0], BREAKPOINT, "{code:x?}");
            assert_eq!(copied(&bytes, site, 1)[1].near_branch_target(), 0x1002);
        }
    }

    #[test]
    fn what_is_not_code_is_left_alone() {
        // lock with an instruction that cannot have it.
        let code = [0xf0, 0x90, 0xf0, 0xff, 0x01, 0xc3, 0x90];
        assert!(Code::read(&code, 0, 0..code.len()).sites.is_empty());
    }
}
