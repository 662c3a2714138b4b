//! How much stack a function takes.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::Function;
use super::function::writes;

/// The most bytes that `function` itself can have on the stack: all that any of its instructions
/// puts there, as if all were executed and nothing were ever taken away.
///
/// # Errors
///
/// An instruction changes the stack pointer by what it does not say itself.
pub(super) fn frame(function: &Function) -> Result<u64, String> {
    let mut bytes = 0;
    for instruction in &function.instructions {
        if !writes(instruction, Register::RSP) {
            continue;
        }
        bytes += grows_by(instruction).ok_or_else(|| {
            format!(
                "{}: what {:#x} does to the stack pointer cannot be told",
                function.name(),
                instruction.ip()
            )
        })?;
    }
    Ok(bytes)
}

/// By how many bytes `instruction` makes the stack grow; 0 if it makes it shrink.
fn grows_by(instruction: &Instruction) -> Option<u64> {
    match (instruction.mnemonic(), instruction.flow_control()) {
        // What a callee has on the stack is counted for it.
        (_, FlowControl::Call | FlowControl::IndirectCall | FlowControl::Return) => Some(0),
        (Mnemonic::Push | Mnemonic::Pushfq | Mnemonic::Pop | Mnemonic::Popfq, _) => {
            let change = instruction.stack_pointer_increment();
            Some(u64::try_from(-change).unwrap_or(0))
        }
        (Mnemonic::Sub | Mnemonic::Add, _) if is_immediate(instruction) => {
            let added = instruction.immediate(1).cast_signed();
            let change = if instruction.mnemonic() == Mnemonic::Sub {
                added
            } else {
                -added
            };
            Some(u64::try_from(change).unwrap_or(0))
        }
        _ => None,
    }
}

fn is_immediate(instruction: &Instruction) -> bool {
    matches!(
        instruction.op1_kind(),
        OpKind::Immediate8to64 | OpKind::Immediate32to64
    )
}
