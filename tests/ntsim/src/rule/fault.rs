//! Faults of the driver's code.

use super::{BugCheck, IRQL, rules};

rules! {
    /// INV-11, INV-13, TR-01, TR-02, TR-13.
    TOUCHED_AFTER_COMPLETION = "touched-after-completion", IRQL,
        "After IoCompleteRequest, and after IoCsqInsertIrp unless it is removed again, an IRP and its buffer belong to others.";
    /// TR-40, TR-65.
    TOUCHED_AFTER_FREE = "touched-after-free", Some(BugCheck(0x50, "PAGE_FAULT_IN_NONPAGED_AREA")),
        "Memory is not touched after it was freed.";
    OVERRUN = "overrun", Some(BugCheck(0x50, "PAGE_FAULT_IN_NONPAGED_AREA")),
        "An object is not touched beyond its end.";
    ACCESS_VIOLATION = "access-violation", Some(BugCheck(0x3b, "SYSTEM_SERVICE_EXCEPTION")),
        "The driver touches only memory that is its own.";
    UNHANDLED_EXCEPTION = "unhandled-exception", Some(BugCheck(0x1e, "KMODE_EXCEPTION_NOT_HANDLED")),
        "An exception that a kernel routine raises is caught by the driver.";
    BAD_POINTER = "bad-pointer", Some(BugCheck(0x3b, "SYSTEM_SERVICE_EXCEPTION")),
        "Kernel routines get addresses of the driver's own memory.";
    STACK_OVERFLOW = "stack-overflow", Some(BugCheck(0x7f, "UNEXPECTED_KERNEL_MODE_TRAP")),
        "The kernel stack is enough.";
    PRIVILEGED = "privileged-instruction", None,
        "The driver uses no privileged instruction that the simulated processor does not have.";
    ILLEGAL = "illegal-instruction", Some(BugCheck(0x1e, "KMODE_EXCEPTION_NOT_HANDLED")),
        "The driver's code is code.";
    /// INV-34, TR-22, TR-33, TR-34.
    LIST_CORRUPTION = "list-corruption", Some(BugCheck(0x139, "KERNEL_SECURITY_CHECK_FAILURE")),
        "Links of a list point back at each other.";
    FAST_FAIL = "fast-fail", Some(BugCheck(0x139, "KERNEL_SECURITY_CHECK_FAILURE")),
        "The driver finds no reason to call RtlFailFast.";
    ASSERTION = "assertion", None,
        "The driver's assertions hold.";
    BREAKPOINT = "breakpoint", Some(BugCheck(0x1e, "KMODE_EXCEPTION_NOT_HANDLED")),
        "The driver comes to no breakpoint, which only a debugger knows what to do with.";
    UNRESOLVED_IMPORT = "unresolved-import", None,
        "The driver calls only what the simulated kernel has.";
    BUG_CHECK = "bug-check", None,
        "The driver finds no reason to call KeBugCheckEx.";
}
