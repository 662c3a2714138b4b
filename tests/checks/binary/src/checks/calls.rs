//! Rules about which function can reach which.

use iced_x86::{Code as Opcode, FlowControl, Instruction};

use super::Outcome;
use crate::Image;
use crate::code::{Function, words};

/// What only code that can panic contains, by parts of the names. The functions of `core` that
/// panic are never inlined, so an image without these has no such code.
const PANIC: [&str; 9] = [
    "core::panicking::",
    "rust_begin_unwind",
    "rust_panic",
    "unwrap_failed",
    "expect_failed",
    "_index_fail",
    "slice_error_fail",
    "handle_alloc_error",
    "wdk_panic::",
];

/// Routines of the kernel that stop the machine, or raise what nobody catches.
const STOPS: [&str; 5] = [
    "ExRaiseAccessViolation",
    "ExRaiseDatatypeMisalignment",
    "ExRaiseStatus",
    "KeBugCheck",
    "KeBugCheckEx",
];

/// The pool's routines.
const POOL: [&str; 3] = ["ExAllocatePool2", "ExFreePool", "ExFreePoolWithTag"];

/// The entry points that may use the pool, all of them called at `PASSIVE_LEVEL` and not for each
/// request (TR-104): loading and unloading, `AddDevice`, `IRP_MJ_CREATE`, `IRP_MJ_CLOSE`, and
/// `IRP_MJ_PNP` for the start and the removal of a device. What is not in this list may not: device
/// control, cleanup, the callbacks of the queues, DPCs, completion routines.
const MAY_USE_POOL: [&str; 6] = [
    "DriverEntry",
    "wdm::dispatch::handle::dispatch_close",
    "wdm::dispatch::handle::dispatch_create",
    "wdm::dispatch::dispatch_pnp",
    "wdm::dispatch::driver_add_device",
    "wdm::dispatch::driver_unload",
];

/// The most bytes of stack that an entry point may take for itself. A kernel stack on x86-64 has 24
/// KiB, for all drivers that a request passes through, and for the interrupts meanwhile.
const MOST_STACK: u64 = 1024;

/// A driver that panics stops the machine, or hangs it (TR-102, TR-103).
pub fn panic(image: &Image<'_>) -> Outcome {
    let code = image.code()?;
    for entry in code.entries() {
        if let Some(path) = code.path(entry, |function| panics(function).is_some()) {
            let what = path.last().and_then(|last| panics(last));
            return Err(format!(
                "{}: {}. Something in src/ indexes, unwraps, divides or asserts where the compiler cannot \
                 rule the panic out",
                words(&path),
                what.unwrap_or_default()
            ));
        }
    }
    // The linker leaves nothing in the image that nobody calls; if that changes, it is to be known.
    if let Some(symbol) = image.map.symbols.iter().find(|it| is_panic(&it.name)) {
        return Err(format!(
            "{} is in the image, though nothing calls it",
            symbol.name
        ));
    }
    Ok(format!(
        "none of {} entry points reaches a panic, KeBugCheckEx or a trap",
        code.entries().count()
    ))
}

fn is_panic(name: &str) -> bool {
    PANIC.iter().any(|part| name.contains(part))
}

/// Why `function` itself is one that stops the machine.
fn panics(function: &Function) -> Option<String> {
    if function.names.iter().any(|name| is_panic(name)) {
        return Some("it panics".to_owned());
    }
    if let Some(import) = STOPS.iter().find(|it| function.imports.contains(**it)) {
        return Some(format!("it calls {import}"));
    }
    let before = std::iter::once(None).chain(function.instructions.iter().map(Some));
    let trap = before
        .zip(&function.instructions)
        .find(|(before, instruction)| is_trap(*before, instruction));
    trap.map(|(_, instruction)| format!("it traps or hangs at {:#x}", instruction.ip()))
}

/// Whether `instruction` is what the compiler makes of an abort or of an endless loop. After `int
/// 29h`, which is how a list that is corrupt is reported (INV-34), it only says that nothing follows.
fn is_trap(before: Option<&Instruction>, instruction: &Instruction) -> bool {
    let reported =
        before.is_some_and(|it| it.code() == Opcode::Int_imm8 && it.immediate8() == 0x29);
    match instruction.code() {
        Opcode::Ud2 => !reported,
        _ => {
            instruction.flow_control() == FlowControl::UnconditionalBranch
                && instruction.near_branch_target() == instruction.ip()
        }
    }
}

/// No allocation where a request is served, at raised IRQL or under the lock (TR-104, INV-42).
pub fn pool(image: &Image<'_>) -> Outcome {
    let code = image.code()?;
    let may = |entry: &Function| {
        entry
            .names
            .iter()
            .all(|it| MAY_USE_POOL.contains(&it.as_str()))
    };
    let is_user = |function: &Function| POOL.iter().any(|it| function.imports.contains(*it));
    if let Some(name) = MAY_USE_POOL
        .iter()
        .find(|name| !code.entries().any(|entry| entry.is(name)))
    {
        return Err(format!(
            "{name} is no entry point any more: correct the list in tests/checks/binary"
        ));
    }
    let mut users = Vec::new();
    let mut others = 0;
    for entry in code.entries() {
        match code.path(entry, is_user) {
            Some(path) if !may(entry) => {
                return Err(format!(
                    "{}: it may be called at raised IRQL or for each request, and must not use the pool",
                    words(&path)
                ));
            }
            Some(_) => users.push(last_part(entry)),
            None => others += 1,
        }
    }
    Ok(format!(
        "used by {}; by none of the {others} other entry points",
        users.join(", ")
    ))
}

/// Nothing calls itself: the stack has a bottom.
pub fn recursion(image: &Image<'_>) -> Outcome {
    let code = image.code()?;
    match code.cycle() {
        Some(path) => Err(format!("{}: a loop instead needs no stack", words(&path))),
        None => Ok(format!("none among {} functions", code.functions().count())),
    }
}

/// The stack of a kernel thread is small and shared by every driver that a request passes through.
pub fn stack(image: &Image<'_>) -> Outcome {
    let code = image.code()?;
    if code.cycle().is_some() {
        return Err("it has no bound as long as there is recursion".to_owned());
    }
    let mut depths = Vec::new();
    for entry in code.entries() {
        let bytes = code.stack(entry)?;
        if bytes > MOST_STACK {
            return Err(format!(
                "{} takes {bytes} bytes, more than {MOST_STACK}: keep large values out of locals",
                entry.name()
            ));
        }
        depths.push((bytes, last_part(entry)));
    }
    depths.sort_unstable_by(|a, b| b.cmp(a));
    let text: Vec<String> = depths
        .iter()
        .take(3)
        .map(|(bytes, name)| format!("{name} {bytes}"))
        .collect();
    Ok(format!("{} of at most {MOST_STACK} bytes", text.join(", ")))
}

fn last_part(function: &Function) -> &str {
    function.name().rsplit("::").next().unwrap_or_default()
}
