//! Devices, links and dispatcher objects.

use super::{VERIFIER, rules};

rules! {
    NOT_A_DEVICE = "not-a-device", None,
        "Device routines get a device object that exists.";
    NOT_INITIALIZED = "object-not-initialized", None,
        "A dispatcher object is initialized before it is used, and its memory lives as long as it.";
    SEMAPHORE_LIMIT = "semaphore-limit", Some(super::BugCheck(0xc000_0047, "STATUS_SEMAPHORE_LIMIT_EXCEEDED")),
        "A semaphore is not released beyond its limit.";
    BAD_HANDLE = "bad-handle", VERIFIER,
        "A handle is open when it is used.";
    USER_HANDLE = "user-handle-as-kernel", VERIFIER,
        "A handle that a program gives is referenced with UserMode: otherwise anybody's handle would do.";
    OVER_DEREFERENCED = "over-dereferenced", Some(super::BugCheck(0x18, "REFERENCE_BY_POINTER")),
        "An object is dereferenced as often as it is referenced.";
    REFERENCE_LEFT = "object-reference-leak", None,
        "Every object that the driver has referenced is dereferenced before it is unloaded.";
    WORK_ITEM_QUEUED = "work-item-queued", super::VERIFIER,
        "A work item is neither freed nor queued again while it is queued.";
    /// TR-73.
    STACK_EXHAUSTED = "no-more-stack-locations", Some(super::BugCheck(0x35, "NO_MORE_IRP_STACK_LOCATIONS")),
        "An IRP is passed down only as many times as it has stack locations.";
    /// TR-83.
    NOT_SECURE = "device-not-secure", None,
        "A device that programs can open has FILE_DEVICE_SECURE_OPEN: names behind its own are checked, too.";
    /// TR-75, TR-101.
    STILL_INITIALIZING = "device-initializing", None,
        "AddDevice clears DO_DEVICE_INITIALIZING, or nobody can open the device.";
    POWER_FLAG = "power-flag-missing", None,
        "A device has DO_POWER_PAGABLE or DO_POWER_INRUSH: they say at which IRQL its power requests come.";
}
