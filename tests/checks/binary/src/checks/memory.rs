//! Rules about memory that can be executed: what memory integrity (HVCI) asks of a driver, besides
//! that no section is writable and executable.
//!
//! See "Implement memory integrity compatible code":
//! <https://learn.microsoft.com/windows-hardware/drivers/driversecurity/implement-hvci-compatible-code>.

use iced_x86::{Mnemonic, OpKind, Register};
use object::LittleEndian as LE;
use object::pe::{IMAGE_DIRECTORY_ENTRY_IAT, IMAGE_SCN_MEM_EXECUTE};

use super::Outcome;
use crate::Image;
use crate::code::{Code, Function, writes};

/// The size of a page: what can be protected by itself.
const PAGE: u32 = 4096;

/// `POOL_FLAG_NON_PAGED`.
const NON_PAGED: u64 = 0x40;

/// Sections can be protected each by itself, and no section with code has to be written when the
/// image is loaded.
pub fn pages(image: &Image<'_>) -> Outcome {
    let optional = &image.pe.nt_headers().optional_header;
    let alignment = optional.section_alignment.get(LE);
    if alignment == 0 || !alignment.is_multiple_of(PAGE) {
        return Err(format!(
            "its sections begin at multiples of {alignment} and not of a page's {PAGE} bytes: link it \
             without /ALIGN"
        ));
    }
    let imports = image
        .pe
        .data_directory(IMAGE_DIRECTORY_ENTRY_IAT)
        .map(|directory| directory.virtual_address.get(LE));
    for section in image.pe.section_table().iter() {
        let start = section.virtual_address.get(LE);
        let end = start.saturating_add(section.virtual_size.get(LE));
        let executable = section.characteristics.get(LE).0 & IMAGE_SCN_MEM_EXECUTE.0 != 0;
        if executable && imports.is_some_and(|imports| (start..end).contains(&imports)) {
            return Err(
                "its import address table is in a section with code, which the loader must then write: \
                 link it without /MERGE:.rdata=.text"
                    .to_owned(),
            );
        }
    }
    Ok(format!("sections at multiples of {alignment} bytes"))
}

/// Memory that is allocated cannot be executed, and is not paged out (TR-43).
pub fn pool_flags(image: &Image<'_>) -> Outcome {
    if let Some(import) = image.imports.iter().find(|import| {
        import.name.starts_with("ExAllocatePool") && import.name != "ExAllocatePool2"
    }) {
        return Err(format!(
            "{} can give memory that can be executed: use ExAllocatePool2",
            import.name
        ));
    }
    let code = image.code()?;
    let mut calls = 0;
    for function in code.functions() {
        for index in 0..function.instructions.len() {
            if !allocates(code, function, index) {
                continue;
            }
            calls += 1;
            match flags(function, index) {
                Some(NON_PAGED) => {}
                Some(flags) => {
                    return Err(format!(
                        "{} calls ExAllocatePool2 with the flags {flags:#x} and not POOL_FLAG_NON_PAGED",
                        function.name()
                    ));
                }
                None => {
                    return Err(format!(
                        "{} calls ExAllocatePool2 with flags that are not constant",
                        function.name()
                    ));
                }
            }
        }
    }
    Ok(match calls {
        0 => "no allocation".to_owned(),
        1 => "POOL_FLAG_NON_PAGED at the one call".to_owned(),
        calls => format!("POOL_FLAG_NON_PAGED at all {calls} calls"),
    })
}

/// Whether an instruction calls `ExAllocatePool2`, or a stub that does nothing but jump there.
fn allocates(code: &Code, function: &Function, index: usize) -> bool {
    const NAME: &str = "ExAllocatePool2";
    // The stub itself, whose callers are what counts.
    if function.is(NAME) {
        return false;
    }
    let Some(instruction) = function.instructions.get(index) else {
        return false;
    };
    code.imported(instruction) == Some(NAME)
        || code
            .get(instruction.near_branch_target())
            .is_some_and(|callee| callee.is(NAME))
}

/// The first argument of the call at `index`, if a constant is loaded on the straight way there. Where
/// the tables of a `match` lead is not known here.
fn flags(function: &Function, index: usize) -> Option<u64> {
    let before = function.instructions.get(..index)?;
    let (at, load) = before
        .iter()
        .enumerate()
        .rev()
        .find(|(_, instruction)| writes(instruction, Register::RCX))?;
    // Whoever jumps in between comes with something else.
    let between = load.next_ip()..=function.instructions.get(index)?.ip();
    let jumped_to = function
        .instructions
        .iter()
        .any(|instruction| between.contains(&instruction.near_branch_target()));
    let constant = load.mnemonic() == Mnemonic::Mov
        && matches!(
            load.op1_kind(),
            OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64
        );
    let straight = before
        .get(at..)?
        .iter()
        .all(|instruction| !ends_the_way(instruction.flow_control()));
    (constant && straight && !jumped_to).then(|| load.immediate(1))
}

fn ends_the_way(flow: iced_x86::FlowControl) -> bool {
    use iced_x86::FlowControl::{Call, IndirectBranch, IndirectCall, Return, UnconditionalBranch};
    matches!(
        flow,
        Call | IndirectBranch | IndirectCall | Return | UnconditionalBranch
    )
}
