//! The frames of a driver on the stack, as its `.pdata` and `.xdata` describe them.
//!
//! Reference: "x64 exception handling" in Microsoft's documentation of its C++ compiler.

use std::ops::ControlFlow;

use pe_unwind_info::x86_64::{
    FunctionTableEntries, Register, UnwindInfo, UnwindState, XmmRegister,
};

use super::Context;
use crate::cpu;
use crate::image::Image;
use crate::machine;

/// A frame of the driver.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Where it is in the image: the instruction, or where a call comes back to.
    pub offset: u32,
    /// The address by which its handlers know it.
    pub establisher: usize,
    /// The offset of its scope table, and how many entries that has; 0 if it has none.
    scopes: (usize, usize),
    /// The registers of who has called it, if that is the driver.
    pub caller: Option<Context>,
}

/// An entry of a scope table: a `__try` with its `__except`, or its `__finally`.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    begin: u32,
    end: u32,
    /// 1, or the offset of the filter, or that of the termination handler.
    pub handler: u32,
    /// The offset of what is in `__except`; 0 if it has a termination handler.
    pub target: u32,
}

impl Scope {
    /// Whether an offset is in the `__try`.
    pub const fn holds(&self, offset: u32) -> bool {
        self.begin <= offset && offset < self.end
    }
}

/// Registers while frames are left.
struct Unwinding(Context);

/// Where Linux has a register.
const fn index(register: Register) -> libc::c_int {
    match register {
        Register::RAX => libc::REG_RAX,
        Register::RCX => libc::REG_RCX,
        Register::RDX => libc::REG_RDX,
        Register::RBX => libc::REG_RBX,
        Register::RSP => libc::REG_RSP,
        Register::RBP => libc::REG_RBP,
        Register::RSI => libc::REG_RSI,
        Register::RDI => libc::REG_RDI,
        Register::R8 => libc::REG_R8,
        Register::R9 => libc::REG_R9,
        Register::R10 => libc::REG_R10,
        Register::R11 => libc::REG_R11,
        Register::R12 => libc::REG_R12,
        Register::R13 => libc::REG_R13,
        Register::R14 => libc::REG_R14,
        Register::R15 => libc::REG_R15,
    }
}

impl UnwindState for Unwinding {
    fn read_register(&mut self, register: Register) -> u64 {
        self.0.get(index(register)) as u64
    }

    fn read_stack(&mut self, address: u64) -> Option<u64> {
        cpu::stack_word(address as usize).map(|word| word as u64)
    }

    fn write_register(&mut self, register: Register, value: u64) {
        self.0.set(index(register), value as usize);
    }

    fn write_xmm_register(&mut self, register: XmmRegister, value: u128) {
        if let Some(place) = self.0.vectors.get_mut(register as usize) {
            *place = value;
        }
    }
}

impl Frame {
    /// The frame that these registers are of; `None` outside of the driver's code.
    pub fn of(context: &Context) -> Option<Self> {
        machine::with(|machine| Self::in_image(&machine.image, context))
    }

    fn in_image(image: &Image, context: &Context) -> Option<Self> {
        let offset = image.offset_of(context.get(libc::REG_RIP))? as u32;
        let bytes = image.file_bytes();
        let table = FunctionTableEntries::parse(bytes.get(image.function_table())?);
        let mut state = Unwinding(*context);
        let mut frame = Self {
            offset,
            establisher: context.get(libc::REG_RSP),
            scopes: (0, 0),
            caller: None,
        };
        let mut function = table.lookup(offset).copied();
        let mut is_chained = false;
        while let Some(entry) = function {
            let at = entry.unwind_info_address.get() as usize;
            let info = UnwindInfo::parse(bytes.get(at..)?)?;
            let inside = offset.wrapping_sub(entry.begin_address.get());
            if !is_chained
                && let Some(register) = info.frame_register()
                && inside >= u32::from(info.prolog_size)
            {
                let value = state.read_register(register) as usize;
                frame.establisher = value - usize::from(info.frame_register_offset());
            }
            let codes = info.unwind_operations();
            for (_, operation) in
                codes.skip_while(|(done, _)| !is_chained && u32::from(*done) > inside)
            {
                if let ControlFlow::Break(_) = info.resolve_operation(&mut state, &operation)? {
                    // A machine frame, which no driver has.
                    return Some(frame);
                }
            }
            // The array of codes has an even number of slots.
            let slots = usize::from(info.unwind_codes_len).next_multiple_of(2);
            let behind = at + 4 + slots * 2;
            let flags = info.flags_raw();
            function = None;
            if flags & CHAINED != 0 {
                is_chained = true;
                let chained = bytes.get(behind..behind + 12)?;
                function = FunctionTableEntries::parse(chained).next().copied();
            } else if flags & (EXCEPTION | TERMINATION) != 0 {
                let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
                if image.is_c_handler(word(behind)? as usize) {
                    frame.scopes = (behind + 8, word(behind + 4)? as usize);
                }
            }
        }
        let stack = state.0.get(libc::REG_RSP);
        if let Some(back) = cpu::stack_word(stack)
            && image.offset_of(back).is_some()
        {
            state.0.set(libc::REG_RIP, back);
            state.0.set(libc::REG_RSP, stack + size_of::<usize>());
            frame.caller = Some(state.0);
        }
        Some(frame)
    }

    /// An entry of its scope table.
    pub fn scope(&self, index: usize) -> Option<Scope> {
        /// Four offsets.
        const SIZE: usize = 16;
        let (table, count) = self.scopes;
        if index >= count {
            return None;
        }
        let at = table + index * SIZE;
        machine::with(|machine| {
            let bytes = machine.image.file_bytes().get(at..at + SIZE)?;
            let (words, _) = bytes.as_chunks::<4>();
            let mut words = words.iter().map(|word| u32::from_le_bytes(*word));
            Some(Scope {
                begin: words.next()?,
                end: words.next()?,
                handler: words.next()?,
                target: words.next()?,
            })
        })
    }
}

/// `UNW_FLAG_EHANDLER`, `UNW_FLAG_UHANDLER` and `UNW_FLAG_CHAININFO`.
const EXCEPTION: u8 = 1;
const TERMINATION: u8 = 2;
const CHAINED: u8 = 4;
