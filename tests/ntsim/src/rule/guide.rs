//! For each rule: code that breaks it, and what to do instead.

/// What helps with a broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guide {
    /// Code that breaks it.
    pub example: &'static str,
    /// What to do instead.
    pub mend: &'static str,
}

/// The guide to a rule; `None` for one that a driver's own scenarios have added.
#[must_use]
pub fn guide(rule: &str) -> Option<Guide> {
    let (_, example, mend) = GUIDES.iter().find(|(name, ..)| *name == rule)?;
    Some(Guide { example, mend })
}

/// The rule, an example, the mend.
#[rustfmt::skip]
const GUIDES: &[(&str, &str, &str)] = &[
    // buffer.rs
    ("information-too-large", "`Information = sizeof(RESULT)` although the output buffer is shorter", "Compare with `OutputBufferLength` first, and fail with STATUS_BUFFER_TOO_SMALL."),
    ("stale-bytes", "`Information = OutputBufferLength` with only the first field written", "Set `Information` to the bytes that were written, or zero the buffer first."),
    // completion.rs
    ("irp-completed-twice", "the cancel routine and the worker both complete the IRP", "Complete it only if IoSetCancelRoutine(Irp, NULL) returned the routine, or use IoCsq."),
    ("not-an-irp", "IoCompleteRequest with a pointer that was kept after completion", "Forget an IRP's address before it is completed."),
    ("cancel-routine-set", "IoCompleteRequest while `Irp->CancelRoutine` is set", "Call IoSetCancelRoutine(Irp, NULL) first, and look at what it returns."),
    ("completed-with-pending", "`Irp->IoStatus.Status = STATUS_PENDING; IoCompleteRequest(...)`", "Set the final status before completion."),
    ("canceled-for-nothing", "a flush of the queue ends IRPs of handles that are open", "End only IRPs of the file object that is cleaned up, or that were canceled."),
    ("completed-while-queued", "IoCompleteRequest for an IRP that was not taken out by IoCsqRemoveIrp", "Remove it from the queue first."),
    ("completed-under-lock", "IoCompleteRequest between KeAcquireSpinLock and KeReleaseSpinLock", "Take the IRP out of the list, release the lock, then complete."),
    // csq.rs
    ("csq-null-callback", "IoCsqInitialize with NULL for CsqPeekNextIrp", "Write all six callbacks."),
    ("csq-not-initialized", "IoCsqInsertIrp before IoCsqInitialize, or after the device is gone", "Initialize in AddDevice before the device can be opened; keep the device until nothing uses the queue."),
    ("csq-inserted-twice", "IoCsqInsertIrp again for an IRP that a callback has put back", "Remove before you insert."),
    ("csq-context-changed", "`Irp->Tail.Overlay.DriverContext[3] = ...` while it is queued", "Use [0] to [2], or memory of your own."),
    ("csq-peeked-stranger", "CsqPeekNextIrp returns the list head taken for an IRP", "Compare with the head before CONTAINING_RECORD."),
    ("csq-peeked-again", "CsqPeekNextIrp begins at the head although it is given an IRP", "Go on from the IRP it is given: `Irp->Tail.Overlay.ListEntry.Flink`."),
    ("csq-insert-status", "CsqInsertIrpEx returns STATUS_PENDING", "Return STATUS_SUCCESS, or an error if it did not insert."),
    ("csq-inserted-under-lock", "IoCsqInsertIrp with a spin lock of your own held", "Release it before: a canceled IRP is completed inside."),
    ("csq-other-queue", "IoCsqRemoveIrp(&Other, &Context)", "Keep the queue with the context."),
    ("csq-context-on-stack", "`IO_CSQ_IRP_CONTEXT Context;` in the dispatch routine", "Allocate it, or put it into what belongs to the request."),
    ("csq-context-reused", "one IO_CSQ_IRP_CONTEXT in the device extension for all IRPs", "One context for each queued IRP."),
    // deferred.rs
    ("timer-freed-while-armed", "IoDeleteDevice with a KTIMER in the extension that was not canceled", "KeCancelTimer, and KeFlushQueuedDpcs, before the memory goes."),
    ("dpc-freed-while-queued", "ExFreePool of memory with a KDPC right after KeInsertQueueDpc", "KeRemoveQueueDpc or KeFlushQueuedDpcs first."),
    ("timer-initialized-while-armed", "KeInitializeTimer for each request, with the same KTIMER", "Initialize once; KeSetTimer sets it anew."),
    ("dpc-initialized-while-queued", "KeInitializeDpc before each KeInsertQueueDpc", "Initialize once."),
    // dispatch.rs
    ("pending-not-marked", "`return STATUS_PENDING` without IoMarkIrpPending", "Mark it before it is queued."),
    ("marked-not-pending", "IoMarkIrpPending, and then the IRP's own status is returned", "Return STATUS_PENDING whenever it was marked."),
    ("returned-without-completing", "an error path returns the error and forgets the IRP", "Set the status, complete, return the same status."),
    ("status-differs", "completes with an error and returns STATUS_SUCCESS", "Keep the status in a variable, and return that."),
    ("no-dispatch-routine", "`MajorFunction[...] = NULL`", "Leave the default, or set a routine."),
    // expectation.rs
    ("not-as-expected", "a `wait` with `status = 0`, and the request ends with another", "Mend the driver, or the scenario."),
    // fault.rs
    ("touched-after-completion", "`Irp->IoStatus.Information` is read after IoCompleteRequest", "Copy what you need before; after IoMarkIrpPending and queuing, the IRP is another's."),
    ("touched-after-free", "a field is read after ExFreePool", "Free last; clear the pointer."),
    ("overrun", "the input is read as a structure although it is shorter", "Check InputBufferLength before the first access."),
    ("access-violation", "a NULL pointer is followed", "Check it, or find out why it is NULL."),
    ("unhandled-exception", "ProbeForRead outside of `__try`", "Put it, and each access to user memory, into `__try`."),
    ("bad-pointer", "a kernel routine gets an address of a program, or an index", "Pass addresses of the driver's own memory."),
    ("stack-overflow", "`UCHAR Buffer[0x8000];`", "Allocate it."),
    ("privileged-instruction", "`__writecr3`", "Leave it to the kernel; ntsim does not have it."),
    ("illegal-instruction", "a call through a function pointer that was never set", "Set it; in a driver that is right, look whether the processor has the instruction."),
    ("list-corruption", "RemoveEntryList twice for one entry", "Remove once, under the lock, and mark the entry as removed."),
    ("fast-fail", "`__fastfail(...)`, or a cookie on the stack that was overwritten", "Look at the code; it says what was wrong."),
    ("assertion", "`NT_ASSERT(...)` does not hold", "Mend what it says."),
    ("breakpoint", "`DbgBreakPoint()` in code that ships", "Take it out, or put it behind KdDebuggerEnabled."),
    ("unresolved-import", "a routine that ntsim does not have is called", "Nothing is wrong with the driver; `ntsim routines my.sys` lists what is missing."),
    ("bug-check", "KeBugCheckEx", "Mend what it says."),
    // irql.rs
    ("irql-too-high", "ExAllocatePool for paged pool, or KeWaitForSingleObject, under a spin lock", "Do it before the lock, or in a work item."),
    ("irql-too-low", "KeAcquireSpinLockAtDpcLevel at PASSIVE_LEVEL", "Use KeAcquireSpinLock, or raise first."),
    ("irql-not-restored", "KeReleaseSpinLock with another IRQL than the lock gave", "Keep the IRQL in a local variable, never in shared memory."),
    ("critical-region-unbalanced", "a return between KeEnterCriticalRegion and KeLeaveCriticalRegion", "Leave it on every path."),
    // lock.rs
    ("lock-recursion", "a function that takes the lock is called with it held", "Split it into one that takes the lock and one that needs it."),
    ("lock-not-held", "two KeReleaseSpinLock for one acquisition", "Release once on every path."),
    ("lock-not-initialized", "a KSPIN_LOCK in memory that nobody has zeroed", "KeInitializeSpinLock."),
    ("lock-handle-in-use", "a KLOCK_QUEUE_HANDLE in the device extension", "A local variable for each acquisition."),
    ("lock-forgotten", "`return` with the lock held", "Release it on every path."),
    ("lock-lowers-irql", "the outer lock is released before the inner one, each with its own IRQL", "Release in the opposite order."),
    ("csq-lock-unbalanced", "CsqAcquireLock takes no lock, or CsqReleaseLock another", "One lock for the queue, taken and released there."),
    // mdl.rs
    ("not-an-mdl", "IoFreeMdl for what IoCompleteRequest has freed", "Free only MDLs of your own, once."),
    ("not-to-be-mapped", "MmGetSystemAddressForMdlSafe before MmProbeAndLockPages", "Lock first; ask for the address once."),
    ("mdl-locked-twice", "MmProbeAndLockPages for `Irp->MdlAddress`", "The I/O manager has locked it."),
    ("mdl-not-locked", "MmUnlockPages after MmBuildMdlForNonPagedPool", "Unlock only what you have locked."),
    ("mdl-freed-while-locked", "IoFreeMdl without MmUnlockPages", "Unlock first."),
    ("mdl-not-of-pool", "MmBuildMdlForNonPagedPool for a buffer of a program", "MmProbeAndLockPages, in `__try`."),
    ("mdl-leak", "an error path without IoFreeMdl", "Free it on every path."),
    // mutex.rs
    ("mutex-held", "`return` with a fast mutex, resource or push lock held", "Release it on every path."),
    ("mutex-not-owned", "ExReleaseFastMutex in another thread than the one that acquired it", "Release where it was acquired, or use an event."),
    ("mutex-recursion", "ExAcquireFastMutex twice", "Use a mutex that may be taken again (KMUTEX), or split the function."),
    ("resource-without-critical-region", "ExAcquireResourceExclusiveLite without KeEnterCriticalRegion", "Enter a critical region around it."),
    ("resource-initialized-twice", "ExInitializeResourceLite at each start of the device", "Once in AddDevice, and ExDeleteResourceLite at removal."),
    ("lock-freed-while-held", "IoDeleteDevice without ExDeleteResourceLite for a resource in the extension", "Delete the resource first, when nobody has it."),
    // object.rs
    ("not-a-device", "IoCallDriver with the device below after IoDetachDevice", "Hold the remove lock while you use it."),
    ("object-not-initialized", "KeWaitForSingleObject for an event that was not initialized", "KeInitializeEvent."),
    ("semaphore-limit", "KeReleaseSemaphore for more than the limit", "Release once for each item, with the limit as large as there can be."),
    ("bad-handle", "ZwClose twice", "Close once, and clear the handle."),
    ("user-handle-as-kernel", "ObReferenceObjectByHandle(..., KernelMode, ...) for a handle from an IOCTL", "Pass `Irp->RequestorMode`."),
    ("over-dereferenced", "ObDereferenceObject on two paths for one reference", "Dereference once for each reference."),
    ("object-reference-leak", "an error path without ObDereferenceObject", "Dereference on every path."),
    ("work-item-queued", "IoFreeWorkItem right after IoQueueWorkItem", "Free it in its routine, or wait for that."),
    ("no-more-stack-locations", "IoCallDriver in a loop, or an IRP allocated with a StackSize that is too small", "Allocate with the StackSize of the device it goes to."),
    ("device-not-secure", "IoCreateDevice with 0 for DeviceCharacteristics", "FILE_DEVICE_SECURE_OPEN."),
    ("device-initializing", "AddDevice without `Flags &= ~DO_DEVICE_INITIALIZING`", "Clear it last."),
    ("power-flag-missing", "neither DO_POWER_PAGABLE nor DO_POWER_INRUSH", "Set DO_POWER_PAGABLE, or what the device below has."),
    // own_irp.rs
    ("irp-freed-in-use", "IoFreeIrp after IoCallDriver returned STATUS_PENDING", "Free it in the completion routine, or wait for that."),
    ("irp-not-own", "IoFreeIrp for an IRP of IoBuildDeviceIoControlRequest", "The I/O manager frees it."),
    ("irp-not-kept", "the completion routine frees the IRP and returns STATUS_SUCCESS", "Return STATUS_MORE_PROCESSING_REQUIRED."),
    ("irp-not-freed", "no completion routine for an IRP of IoAllocateIrp", "Set one that frees it."),
    // plug_and_play.rs
    ("pnp-not-forwarded", "`default:` completes the IRP", "IoSkipCurrentIrpStackLocation and IoCallDriver for what you do not know; in a power routine, too."),
    ("passed-down-garbled", "the stack location is changed before it is passed down", "Pass on what came: IoCopyCurrentIrpStackLocationToNext."),
    ("pnp-not-handled", "remove is passed down with STATUS_NOT_SUPPORTED", "`IoStatus.Status = STATUS_SUCCESS` first."),
    ("pnp-failed", "start fails because a resource was counted wrongly", "Only a failure of what it needs may fail it."),
    ("pnp-status-changed", "STATUS_SUCCESS is set for a minor code that the driver does not know", "Leave the status alone."),
    ("device-not-removed", "IRP_MN_REMOVE_DEVICE without IoDetachDevice and IoDeleteDevice", "Do both, after what is below has it."),
    ("add-device-failed", "DriverEntry returns an error although nothing failed", "Look at the trace: it says what it called last."),
    ("open-failed", "IRP_MJ_CREATE fails for a device that is started", "Look at the trace."),
    ("cleanup-failed", "IRP_MJ_CLEANUP returns STATUS_DELETE_PENDING after removal", "Cleanup and close succeed always."),
    ("left-after-removal", "surprise removal leaves IRPs in the queue", "End them with STATUS_DEVICE_REMOVED or STATUS_DELETE_PENDING."),
    ("interface-enabled-after-removal", "no IoSetDeviceInterfaceState(FALSE)", "Disable it at surprise removal and removal."),
    // pool.rs
    ("bad-free", "ExFreePool twice, or for the middle of a block", "Free once what was allocated; clear the pointer."),
    ("wrong-tag", "ExFreePoolWithTag with another tag", "One constant for both."),
    ("zero-bytes", "ExAllocatePool2 with a length from the input that is 0", "Check the length; pass a tag."),
    ("lookaside-leak", "IoDeleteDevice without ExDeleteNPagedLookasideList", "Delete it first."),
    // progress.rs
    ("irp-lost", "an error path neither queues nor completes the IRP", "Every path does one of the two."),
    ("not-canceled", "`Irp->Cancel` is looked at before the cancel routine is set, and not after", "Set the routine, then look; or use IoCsq."),
    ("suspended-thread-strands", "a thread has taken somebody's IRP out of the queue and is suspended", "KeEnterCriticalRegion around it."),
    ("deadlock", "two locks in two orders", "One order for all threads."),
    ("livelock", "a loop waits for another thread, which needs the processor", "Wait for an event."),
    ("removal-hangs", "IoReleaseRemoveLockAndWait, and a path that keeps the lock", "Release it on every path, also when an IRP is canceled."),
    // race.rs
    ("data-race", "`Extension->Count++` without the lock", "Take the lock, or use InterlockedIncrement everywhere."),
    // reference.rs
    ("remove-lock-underflow", "IoReleaseRemoveLock where IoAcquireRemoveLock had failed", "Release only what was acquired."),
    ("remove-lock-tag", "acquired with the IRP, released with NULL", "The same tag for both."),
    ("remove-lock-not-initialized", "IoAcquireRemoveLock before IoInitializeRemoveLock", "Initialize in AddDevice."),
    ("rundown-underflow", "ExReleaseRundownProtection where acquiring had failed", "Release only what was acquired."),
    ("rundown-not-initialized", "ExAcquireRundownProtection before ExInitializeRundownProtection", "Initialize it first."),
    // registration.rs
    ("callback-left", "unload without PsSetCreateProcessNotifyRoutine(..., TRUE)", "Unregister in DriverUnload."),
    ("not-registered", "a callback is unregistered that never was registered", "Unregister only what succeeded."),
    // unload.rs
    ("no-unload-routine", "`DriverObject->DriverUnload` is NULL", "Set it, even if it has nothing to do."),
    ("device-leak", "DriverUnload without IoDeleteDevice", "Delete every device of your own."),
    ("symbolic-link-leak", "DriverUnload without IoDeleteSymbolicLink", "Delete the link before the device."),
    ("pool-leak", "an error path without ExFreePool", "Free it on every path."),
    ("timer-leak", "DriverUnload without KeCancelTimer", "Cancel it, and flush DPCs."),
    ("dpc-leak", "DriverUnload without KeFlushQueuedDpcs", "Flush them."),
    ("thread-leak", "DriverUnload while a thread of PsCreateSystemThread runs", "Tell it to end, and wait for the thread object."),
    ("irp-leak", "DriverUnload with an IRP in a list", "End every IRP at removal."),
    ("etw-provider-leak", "DriverUnload without EtwUnregister", "Unregister."),
    ("handle-leak", "an error path without ZwClose", "Close it on every path."),
];

/// All rules in Markdown, for a page that cannot go stale: a test compares it.
#[must_use]
pub fn page() -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "# Rules\n\nMade by `ntsim rules --markdown`; a test compares. Each rule: what Windows, or Driver Verifier on Windows, \
         calls it (where it\nnotices), an example that breaks it, the mend. `--allow RULE=REASON` goes on after one.\n\n\
         | rule | Windows | an example | the mend |\n|---|---|---|---|\n",
    );
    for rule in super::own() {
        let windows = rule
            .bug_check
            .map_or_else(String::new, |it| format!("{} ({:#x})", it.1, it.0));
        let (example, mend) = guide(rule.name).map_or(("", ""), |it| (it.example, it.mend));
        let meaning = rule.meaning.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{}`: {meaning} | {windows} | {example} | {mend} |",
            rule.name
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_one_guide() {
        for rule in super::super::own() {
            let own = GUIDES.iter().filter(|(name, ..)| *name == rule.name);
            assert_eq!(own.count(), 1, "{}: in src/rule/guide.rs", rule.name);
        }
        let count = super::super::own().count();
        assert_eq!(GUIDES.len(), count, "a guide to a rule that there is not");
        assert!(
            GUIDES
                .iter()
                .all(|(_, example, mend)| !example.is_empty() && mend.ends_with('.'))
        );
    }

    #[test]
    fn the_page_is_what_the_command_prints() {
        let written = std::fs::read_to_string("RULES.md").unwrap_or_default();
        assert!(
            written == page(),
            "RULES.md is stale: ntsim rules --markdown > RULES.md"
        );
    }
}
