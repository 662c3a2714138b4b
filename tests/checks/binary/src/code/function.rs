//! One function: its instructions, and what they refer to.

use std::collections::BTreeSet;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpKind,
    Register,
};

use super::source::{Source, range};

/// A function of an image.
#[derive(Debug)]
pub struct Function {
    /// What the map calls it. Functions with the same instructions may be one.
    pub names: BTreeSet<String>,
    /// Where it begins.
    pub address: u64,
    /// All of it, the padding at its end included.
    pub instructions: Vec<Instruction>,
    /// The functions that it calls or jumps to.
    pub calls: BTreeSet<u64>,
    /// Those of them that it only jumps to when its own frame is gone.
    pub tail_calls: BTreeSet<u64>,
    /// The routines that it imports.
    pub imports: BTreeSet<String>,
    /// The functions whose addresses it takes.
    pub taken: BTreeSet<u64>,
    /// Whether it calls or jumps to what a pointer says.
    pub by_pointer: bool,
}

impl Function {
    pub(super) fn read(
        names: BTreeSet<String>,
        address: u64,
        bytes: &[u8],
        source: &Source<'_>,
    ) -> Result<Self, String> {
        let decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
        let mut function = Self {
            names,
            address,
            instructions: decoder.into_iter().collect(),
            calls: BTreeSet::new(),
            tail_calls: BTreeSet::new(),
            imports: BTreeSet::new(),
            taken: BTreeSet::new(),
            by_pointer: false,
        };
        let own = range(address, bytes);
        let mut kept = BTreeSet::new();
        for (index, instruction) in function.instructions.iter().enumerate() {
            if instruction.is_invalid() {
                return Err(format!(
                    "{}: at {:#x} is no instruction",
                    function.name(),
                    instruction.ip()
                ));
            }
            if instruction.is_ip_rel_memory_operand() {
                let place = instruction.ip_rel_memory_address();
                if let Some(import) = source.imports.get(&place) {
                    function.imports.insert(import.clone());
                    continue;
                }
                if instruction.mnemonic() == Mnemonic::Lea && source.is_code(place) {
                    function.taken.insert(place);
                }
            }
            match instruction.flow_control() {
                FlowControl::Call => {
                    function.calls.insert(instruction.near_branch_target());
                    kept.insert(instruction.near_branch_target());
                }
                FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
                    let target = instruction.near_branch_target();
                    if !own.contains(&target) {
                        function.calls.insert(target);
                        let before = function.instructions.get(..index).unwrap_or_default();
                        if !before.last().is_some_and(is_epilogue) {
                            kept.insert(target);
                        }
                    }
                }
                FlowControl::IndirectCall => function.by_pointer = true,
                FlowControl::IndirectBranch => {
                    let before = function.instructions.get(..index).unwrap_or_default();
                    function.by_pointer |= !is_table(instruction, before);
                }
                _ => {}
            }
        }
        function.tail_calls = &function.calls - &kept;
        Ok(function)
    }

    /// One of its names.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.first().map_or("?", String::as_str)
    }

    /// Whether `name` is among its names.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// Whether an instruction is the last of those that give back a frame.
fn is_epilogue(instruction: &Instruction) -> bool {
    match instruction.mnemonic() {
        Mnemonic::Pop => true,
        Mnemonic::Add => instruction.op0_register() == Register::RSP,
        _ => false,
    }
}

/// Whether a jump goes through the table of a `match`: such tables have distances, and the last that
/// is done to the register before the jump is to add where the table begins.
fn is_table(jump: &Instruction, before: &[Instruction]) -> bool {
    let register = jump.op0_register();
    if jump.op0_kind() != OpKind::Register {
        return false;
    }
    let mut writers = before.iter().rev().filter(|it| writes(it, register));
    writers
        .next()
        .is_some_and(|last| last.mnemonic() == Mnemonic::Add)
}

/// Whether `instruction` writes `register` or a part of it.
#[must_use]
pub fn writes(instruction: &Instruction, register: Register) -> bool {
    use iced_x86::OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(instruction);
    info.used_registers().iter().any(|used| {
        used.register().full_register() == register.full_register()
            && matches!(used.access(), Write | CondWrite | ReadWrite | ReadCondWrite)
    })
}
