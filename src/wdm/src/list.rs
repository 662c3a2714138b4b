//! The doubly linked list of the kernel's headers, with their checks.
//!
//! The originals are inline functions of `wdm.h` ("Singly and Doubly Linked Lists",
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/singly-and-doubly-linked-lists>),
//! which bindgen cannot bind. As they do, each operation first checks that the neighbors point
//! back, and stops the system with `FAST_FAIL_CORRUPT_LIST_ENTRY` before it writes (INV-34).
//!
//! # Safety
//!
//! The functions share what a caller owes: every pointer is a list head made by [`initialize`] or
//! an entry, the whole list is resident memory that nothing else touches during the call, and
//! entries are linked or not linked as each function says.

// UNSAFETY: raw links between kernel structures.
#![expect(unsafe_code, reason = "intrusive links between IRPs are raw pointers")]

use core::arch::asm;

use crate::sys::LIST_ENTRY;

/// `FAST_FAIL_CORRUPT_LIST_ENTRY` of `winnt.h`. Bug check 0x139 has it as its first parameter.
const FAST_FAIL_CORRUPT_LIST_ENTRY: u32 = 3;

/// `RtlFailFast`: stops the system without running any more of the damaged state's code.
#[cold]
pub(crate) fn fail_fast() -> ! {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: interrupt 29h is the fast-fail service and does not return.
    unsafe {
        asm!("int 0x29", in("ecx") FAST_FAIL_CORRUPT_LIST_ENTRY, options(noreturn, nostack));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: BRK F003h is the fast-fail service and does not return.
    unsafe {
        asm!("brk #0xf003", in("w0") FAST_FAIL_CORRUPT_LIST_ENTRY, options(noreturn, nostack));
    }
}

/// Reads `entry.Flink`.
///
/// # Safety
///
/// See the module.
pub(crate) unsafe fn next(entry: *const LIST_ENTRY) -> *mut LIST_ENTRY {
    // SAFETY: `entry` is a head or a linked entry, by the caller.
    unsafe { (*entry).Flink }
}

/// Reads `entry.Blink`.
///
/// # Safety
///
/// See the module.
unsafe fn previous(entry: *const LIST_ENTRY) -> *mut LIST_ENTRY {
    // SAFETY: `entry` is a head or a linked entry, by the caller.
    unsafe { (*entry).Blink }
}

/// Makes `to` follow `from`.
///
/// # Safety
///
/// See the module.
unsafe fn join(from: *mut LIST_ENTRY, to: *mut LIST_ENTRY) {
    // SAFETY: `from` may be written, by the caller.
    unsafe { (*from).Flink = to };
    // SAFETY: `to` may be written, by the caller.
    unsafe { (*to).Blink = from };
}

/// `InitializeListHead`: makes `head` an empty list.
///
/// # Safety
///
/// `head` may be written and stays where it is while it is a list.
pub(crate) unsafe fn initialize(head: *mut LIST_ENTRY) {
    // SAFETY: by the caller. A list whose head follows itself is empty.
    unsafe { join(head, head) };
}

/// `InsertTailList`: links `entry` before `head`, that is last.
///
/// # Safety
///
/// See the module. `entry` is in no list.
pub(crate) unsafe fn insert_tail(head: *mut LIST_ENTRY, entry: *mut LIST_ENTRY) {
    // SAFETY: `head` is a list, by the caller.
    let last = unsafe { previous(head) };
    // SAFETY: `last` is the head or a linked entry, because `head` is a list.
    if unsafe { next(last) } != head {
        fail_fast();
    }
    // SAFETY: `last` is in the list and `entry` is the caller's to link.
    unsafe { join(last, entry) };
    // SAFETY: as above.
    unsafe { join(entry, head) };
}

/// `RemoveEntryList`: takes `entry` out. Its own links stay as they were.
///
/// # Safety
///
/// See the module. `entry` is linked.
pub(crate) unsafe fn remove(entry: *mut LIST_ENTRY) {
    // SAFETY: `entry` is linked, by the caller.
    let following = unsafe { next(entry) };
    // SAFETY: as above.
    let preceding = unsafe { previous(entry) };
    // SAFETY: `following` is the head or an entry of the list `entry` is in.
    if unsafe { previous(following) } != entry {
        fail_fast();
    }
    // SAFETY: so is `preceding`.
    if unsafe { next(preceding) } != entry {
        fail_fast();
    }
    // SAFETY: both are in the list, and it is the caller's to change.
    unsafe { join(preceding, following) };
}
