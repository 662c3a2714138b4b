//! Says what a fault means.

use super::Fault;
use crate::finding::Broken;
use crate::machine;
use crate::nt::user;
use crate::rule::fault;
use crate::world;

/// A fault near the stack pointer is one of the stack.
const NEAR_STACK: usize = 0x2000;

/// The broken rule behind a fault that nothing emulates.
pub fn explain(fault: &Fault<'_>) -> Broken {
    let rip = fault.rip();
    if let Some(name) = unresolved(rip) {
        return fault::UNRESOLVED_IMPORT.broken(format!(
            "the driver called {name}, which the simulated kernel does not have"
        ));
    }
    let who = if fault.is_in_image() {
        "the driver"
    } else {
        "a kernel routine, on the driver's behalf,"
    };
    if fault.signal == libc::SIGILL {
        return fault::ILLEGAL.broken("the processor does not know the instruction");
    }
    if fault.signal == libc::SIGFPE {
        return fault::ILLEGAL.broken("an arithmetic fault, such as a division by zero");
    }
    if fault.signal == libc::SIGTRAP {
        return fault::ASSERTION.broken("a breakpoint (int 3) was reached");
    }
    if fault.address.abs_diff(fault.rsp()) < NEAR_STACK {
        return fault::STACK_OVERFLOW.broken(format!(
            "the stack is full: {who} touched {:#x}",
            fault.address
        ));
    }
    object(fault.address, who).unwrap_or_else(|| {
        let address = fault.address;
        fault::ACCESS_VIOLATION.broken(match address {
            // A general protection fault does not say what was touched.
            0 => format!("{who} touched an address that is none, or NULL"),
            _ => format!("{who} touched {address:#x}, which is nobody's"),
        })
    })
}

fn unresolved(rip: usize) -> Option<String> {
    machine::try_with(|machine| machine.image.unresolved(rip).map(str::to_owned)).flatten()
}

/// A touch in the simulated kernel's object memory that is none of the object's.
pub fn object(address: usize, who: &str) -> Option<Broken> {
    if user::contains(address) {
        return program(address, who);
    }
    let (start, size, alive) = machine::try_with(|machine| machine.object_at(address)).flatten()?;
    let (name, is_irp) = world::try_with(|world| {
        let is_irp = world.irps.around(address).is_some() || world.irps.around(start).is_some();
        (
            world.object_name(if is_irp || !alive { address } else { start }),
            is_irp,
        )
    })?;
    if alive {
        let beyond = address.saturating_sub(start + size);
        return Some(fault::OVERRUN.broken(format!(
            "{who} touched {beyond} bytes beyond the end of {name}, which has {size} bytes"
        )));
    }
    Some(if is_irp {
        fault::TOUCHED_AFTER_COMPLETION
            .broken(format!("{who} touched {name} after it was completed"))
    } else {
        let offset = address.saturating_sub(start);
        fault::TOUCHED_AFTER_FREE.broken(format!(
            "{who} touched {name}, offset {offset:#x} of freed memory"
        ))
    })
}

/// A fault in a program's memory.
fn program(address: usize, who: &str) -> Option<Broken> {
    let found = machine::try_with(|machine| machine.user.object_at(address)).flatten();
    let (start, size, alive) = found?;
    Some(fault::ACCESS_VIOLATION.broken(if alive {
        let beyond = address.saturating_sub(start + size);
        format!("{who} touched {beyond} bytes beyond the end of a program's buffer of {size} bytes")
    } else {
        format!("{who} touched a program's buffer that the program has freed, or whose request is complete")
    }))
}
