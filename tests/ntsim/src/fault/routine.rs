//! Which kernel routine can fail, and as what: so that none is forgotten.

use super::Point;

/// What is known of a routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallible {
    /// It fails here, as this.
    As(Point),
    /// It returns nothing, or nothing that says that it did not work; or what it is called with was valid
    /// once and is so still.
    Never,
    /// It may in Windows, but does not here: csq.sys does not call it.
    NotHere,
}

/// Those that fail here.
const FAILING: [(&str, Point); 18] = [
    ("EtwRegister", Point::Provider),
    ("EtwSetInformation", Point::ProviderTraits),
    ("EtwWriteTransfer", Point::Event),
    ("ExAllocatePool2", Point::Pool),
    ("ExAllocatePoolWithTag", Point::Pool),
    ("ExAllocatePoolWithQuotaTag", Point::Pool),
    ("IoAcquireRemoveLockEx", Point::RemoveLock),
    ("IoAttachDeviceToDeviceStack", Point::Attach),
    ("IoAttachDeviceToDeviceStackSafe", Point::Attach),
    ("IoCreateDevice", Point::CreateDevice),
    ("IoCreateDeviceSecure", Point::CreateDevice),
    ("WdmlibIoCreateDeviceSecure", Point::CreateDevice),
    ("IoCsqInitialize", Point::Queue),
    ("IoCsqInitializeEx", Point::Queue),
    ("IoRegisterDeviceInterface", Point::RegisterInterface),
    ("IoSetDeviceInterfaceState", Point::SetInterface),
    // What the driver below answers.
    ("IofCallDriver", Point::Below),
    ("RtlQueryRegistryValues", Point::Registry),
];

/// Those that may fail in Windows and do not here.
const NOT_HERE: [&str; 11] = [
    "EtwActivityIdControl",
    "EtwWrite",
    "IoAllocateWorkItem",
    "IoCreateSymbolicLink",
    "IoDeleteSymbolicLink",
    "MmGetSystemRoutineAddress",
    "MmMapLockedPagesSpecifyCache",
    "ObReferenceObjectByHandle",
    "PoCallDriver",
    "PsCreateSystemThread",
    "ZwClose",
];

/// Those that cannot: locks, events, timers, DPCs, lists and memory in hand. Nor rundown protection, which
/// is refused only after the driver itself has run it down; nor `IoCsqInsertIrpEx`, which returns what the
/// driver's own callback does.
const NEVER: &str = "\
    DbgPrint DbgPrintEx EtwEventEnabled EtwProviderEnabled EtwUnregister ExAcquireRundownProtection ExFreePool \
    ExFreePool2 ExFreePoolWithTag ExInitializeRundownProtection ExReInitializeRundownProtection \
    ExReleaseRundownProtection ExRundownCompleted ExWaitForRundownProtectionRelease IoAcquireCancelSpinLock \
    IoCancelIrp IoCsqInsertIrp IoCsqInsertIrpEx IoCsqRemoveIrp IoCsqRemoveNextIrp IoDeleteDevice IoDetachDevice \
    IoFreeWorkItem IoGetAttachedDevice IoGetCurrentProcess IoInitializeRemoveLockEx IoInvalidateDeviceState \
    IoQueueWorkItem IoQueueWorkItemEx IoReleaseCancelSpinLock IoReleaseRemoveLockAndWaitEx IoReleaseRemoveLockEx \
    IoSetCancelRoutine IofCompleteRequest KeAcquireInStackQueuedSpinLock KeAcquireSpinLockAtDpcLevel \
    KeAcquireSpinLockRaiseToDpc KeAreAllApcsDisabled KeAreApcsDisabled KeBugCheck KeBugCheckEx KeCancelTimer \
    KeClearEvent KeDelayExecutionThread KeEnterCriticalRegion KeEnterGuardedRegion KeFlushQueuedDpcs \
    KeGetCurrentIrql KeGetCurrentThread KeInitializeDpc KeInitializeEvent KeInitializeSemaphore \
    KeInitializeSpinLock KeInitializeTimer KeInitializeTimerEx KeInsertQueueDpc KeLeaveCriticalRegion \
    KeLeaveGuardedRegion KeLowerIrql KeQueryInterruptTimePrecise KeQueryPerformanceCounter KeQuerySystemTimePrecise \
    KeReadStateEvent KeReadStateSemaphore KeReadStateTimer KeReleaseInStackQueuedSpinLock KeReleaseSemaphore \
    KeReleaseSpinLock KeReleaseSpinLockFromDpcLevel KeRemoveQueueDpc KeResetEvent KeSetEvent KeSetImportanceDpc \
    KeSetPriorityThread KeSetTargetProcessorDpc KeSetTargetProcessorDpcEx KeSetTimer KeSetTimerEx \
    KeTryToAcquireSpinLockAtDpcLevel KeWaitForSingleObject KfRaiseIrql ObfDereferenceObject ObfReferenceObject \
    PoSetPowerState PoStartNextPowerIrp PsGetCurrentProcess PsGetCurrentThread PsTerminateSystemThread RtlAssert \
    RtlCompareMemory RtlCopyMemory RtlCopyUnicodeString RtlEqualUnicodeString RtlFillMemory RtlFreeUnicodeString \
    RtlInitUnicodeString RtlMoveMemory RtlZeroMemory memcmp memcpy memmove memset";

/// What is known of a routine, if anything is.
#[must_use]
pub fn fallible(name: &str) -> Option<Fallible> {
    if let Some((_, point)) = FAILING.iter().find(|(routine, _)| *routine == name) {
        Some(Fallible::As(*point))
    } else if NOT_HERE.contains(&name) {
        Some(Fallible::NotHere)
    } else {
        let mut never = NEVER.split_whitespace();
        never.any(|it| it == name).then_some(Fallible::Never)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddi;

    #[test]
    fn each_routine_is_known_and_stands_in_one_list() {
        let known = || FAILING.map(|(name, _)| name).into_iter().chain(NOT_HERE);
        for name in ddi::names() {
            let times = known().chain(NEVER.split_whitespace());
            assert_eq!(times.filter(|it| *it == name).count(), 1, "{name}");
        }
        let names: Vec<&str> = ddi::names().collect();
        for name in known().chain(NEVER.split_whitespace()) {
            assert!(names.contains(&name), "{name} is no routine");
        }
    }

    #[test]
    fn each_point_is_the_failure_of_a_routine() {
        for point in Point::ALL {
            assert!(FAILING.iter().any(|(_, it)| it == point), "{point:?}");
        }
    }
}
