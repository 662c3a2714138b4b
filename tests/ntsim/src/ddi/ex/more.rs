//! Ex: more ways to allocate, to raise exceptions, and to let the system's own threads work.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::ExAllocatePoolWithTag;
use crate::ddi::{enter, exports};
use crate::exception::{self, ACCESS_VIOLATION, Exception, MISALIGNMENT};
use crate::guest;
use crate::manager::enter_driver;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::schedule;
use crate::world::step::kernel::IN_DRIVER;

exports! {
    ExAllocatePool, ExAllocatePool3, ExAllocatePoolWithQuota, ExAllocatePoolWithTagPriority, ExAllocateCacheAwareRundownProtection,
    ExRaiseStatus, ExRaiseAccessViolation, ExRaiseDatatypeMisalignment, RtlRaiseException, RtlRaiseStatus, ExQueueWorkItem,
    __C_specific_handler,
}

/// "None", the tag of who gives none.
const NO_TAG: u32 = u32::from_le_bytes(*b"None");

pub extern "win64" fn ExAllocatePool(kind: u32, size: usize) -> usize {
    ExAllocatePoolWithTag(kind, size, NO_TAG)
}

pub extern "win64" fn ExAllocatePool3(
    flags: u64,
    size: usize,
    tag: u32,
    _parameters: usize,
    _count: u32,
) -> usize {
    super::ExAllocatePool2(flags, size, tag)
}

pub extern "win64" fn ExAllocatePoolWithQuota(kind: u32, size: usize) -> usize {
    super::ExAllocatePoolWithQuotaTag(kind, size, NO_TAG)
}

pub extern "win64" fn ExAllocatePoolWithTagPriority(
    kind: u32,
    size: usize,
    tag: u32,
    _priority: i32,
) -> usize {
    ExAllocatePoolWithTag(kind, size, tag)
}

/// A rundown reference of its own.
pub extern "win64" fn ExAllocateCacheAwareRundownProtection(kind: u32, tag: u32) -> usize {
    let reference = ExAllocatePoolWithTag(kind, size_of::<usize>(), tag);
    if reference != 0 {
        super::ExInitializeRundownProtection(reference);
    }
    reference
}

pub extern "win64" fn ExRaiseStatus(status: u32) {
    enter("ExRaiseStatus", APC_LEVEL);
    exception::raise(Exception {
        code: status,
        information: [0; 2],
    })
}

pub extern "win64" fn RtlRaiseStatus(status: u32) {
    ExRaiseStatus(status);
}

pub extern "win64" fn RtlRaiseException(record: usize) {
    ExRaiseStatus(guest::read(record));
}

pub extern "win64" fn ExRaiseAccessViolation() {
    ExRaiseStatus(ACCESS_VIOLATION);
}

pub extern "win64" fn ExRaiseDatatypeMisalignment() {
    ExRaiseStatus(MISALIGNMENT);
}

/// `WORK_QUEUE_ITEM`: a list entry, and the routine with its parameter.
pub extern "win64" fn ExQueueWorkItem(item: usize, _queue: i32) {
    const ROUTINE: usize = 0x10;
    const PARAMETER: usize = 0x18;
    const SIZE: usize = 0x20;
    enter("ExQueueWorkItem", DISPATCH_LEVEL);
    schedule::object_point("ExQueueWorkItem", item, SIZE);
    schedule::spawn("work item", None, move || {
        schedule::object_point("work item runs", item, SIZE);
        let (routine, parameter): (usize, usize) =
            (guest::read(item + ROUTINE), guest::read(item + PARAMETER));
        enter_driver("a work item", routine, [parameter, 0, 0, 0]);
        schedule::counter_point("", IN_DRIVER, 1);
    });
    schedule::driver_point();
}

/// Only its address matters: the frames that name it are read by [`exception`] itself.
pub extern "win64" fn __C_specific_handler() -> i32 {
    /// `ExceptionContinueSearch`.
    const SEARCH: i32 = 1;
    SEARCH
}
