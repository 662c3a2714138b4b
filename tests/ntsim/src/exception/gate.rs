//! What the driver's registers were when it called a routine of the kernel that raises an exception.
//!
//! The imports of a driver that catches exceptions are bound to gates: each notes the registers that a call has to keep
//! in the memory that gs points to, and goes on to the routine.

use super::Context;
use crate::cpu;
use crate::guest;
use crate::machine;
use crate::mapping::{Mapping, Protection};
use crate::world;

/// Where they are noted, from what gs points to.
const SAVED: usize = 0x800;
/// rsp, and what a call keeps, with their numbers in instructions.
const KEPT: [(u8, libc::c_int); 9] = [
    (4, libc::REG_RSP),
    (3, libc::REG_RBX),
    (5, libc::REG_RBP),
    (6, libc::REG_RSI),
    (7, libc::REG_RDI),
    (12, libc::REG_R12),
    (13, libc::REG_R13),
    (14, libc::REG_R14),
    (15, libc::REG_R15),
];
/// Behind them.
const VECTORS: usize = SAVED + 0x60;
/// xmm6 to xmm15.
const FIRST_VECTOR: u8 = 6;
const LAST_VECTOR: u8 = 15;

/// `mov rax, imm64` and `jmp rel32`.
const GATE: usize = 15;
/// As long as what all gates lead to is at most.
const COMMON: usize = 0x100;

/// The gates of a driver.
#[derive(Debug)]
pub struct Gates {
    mapping: Mapping,
    code: Vec<u8>,
}

impl Gates {
    /// Room for so many.
    ///
    /// # Errors
    /// What mmap says.
    pub fn new(count: usize) -> std::io::Result<Self> {
        let mapping = Mapping::new(COMMON + count * GATE, Protection::ReadWrite)?;
        let mut code = Vec::new();
        let mut note = |prefix: &[u8], number: u8, offset: usize| {
            // The register, and an absolute address by way of a SIB byte.
            code.extend(prefix);
            code.extend([(number & 7) << 3 | 0x04, 0x25]);
            code.extend((offset as u32).to_le_bytes());
        };
        for (index, (number, _)) in KEPT.into_iter().enumerate() {
            // mov gs:[offset], register
            let extended = if number >= 8 { 0x4c } else { 0x48 };
            note(&[0x65, extended, 0x89], number, SAVED + index * 8);
        }
        for (index, number) in (FIRST_VECTOR..=LAST_VECTOR).enumerate() {
            // movups gs:[offset], register
            let prefix: &[u8] = if number >= 8 {
                &[0x65, 0x44, 0x0f, 0x11]
            } else {
                &[0x65, 0x0f, 0x11]
            };
            note(prefix, number, VECTORS + index * 16);
        }
        // jmp rax
        code.extend([0xff, 0xe0]);
        code.resize(COMMON, 0xcc);
        Ok(Self { mapping, code })
    }

    /// The address of a gate that leads to a routine.
    pub fn add(&mut self, routine: usize) -> usize {
        let at = self.code.len();
        self.code.extend([0x48, 0xb8]);
        self.code.extend((routine as u64).to_le_bytes());
        self.code.push(0xe9);
        let behind = (at + GATE) as i32;
        self.code.extend((-behind).to_le_bytes());
        self.mapping.base() + at
    }

    /// All are made.
    pub fn close(&self) {
        guest::add_range(self.mapping.base()..self.mapping.base() + self.mapping.size());
        guest::store(self.mapping.base(), &self.code);
        let size = self.mapping.size();
        self.mapping.protect(0, size, Protection::ReadExecute);
    }
}

/// The registers with which the driver has called the routine that runs; `None` if that is not known.
pub fn caller() -> Option<Context> {
    let region = world::with(|world| world.thread().processor.region);
    let mut context = Context {
        registers: [0; 23],
        vectors: [0; 16],
    };
    for (index, (_, register)) in KEPT.into_iter().enumerate() {
        context.set(register, guest::read(region + SAVED + index * 8));
    }
    let vectors = context.vectors.iter_mut().skip(usize::from(FIRST_VECTOR));
    for (index, vector) in vectors.enumerate() {
        let bytes = guest::load(region + VECTORS + index * 16, 16);
        *vector = bytes.first_chunk().map_or(0, |it| u128::from_le_bytes(*it));
    }
    // The call has pushed where it comes back to.
    let stack = context.get(libc::REG_RSP);
    let back = cpu::stack_word(stack)?;
    machine::with(|machine| machine.image.offset_of(back))?;
    context.set(libc::REG_RIP, back);
    context.set(libc::REG_RSP, stack + size_of::<usize>());
    Some(context)
}
