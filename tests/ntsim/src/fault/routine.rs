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
    /// It may in Windows, but does not here by a plan for failures.
    NotHere,
}

/// Those that fail here.
const FAILING: [(&str, Point); 35] = [
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
    ("ExAllocateCacheAwareRundownProtection", Point::Pool),
    ("ExAllocateFromLookasideListEx", Point::Pool),
    ("ExAllocateFromNPagedLookasideList", Point::Pool),
    ("ExAllocateFromPagedLookasideList", Point::Pool),
    ("ExAllocatePool", Point::Pool),
    ("ExAllocatePool3", Point::Pool),
    ("ExAllocatePoolWithQuota", Point::Pool),
    ("ExAllocatePoolWithTagPriority", Point::Pool),
    ("IoAllocateIrp", Point::Pool),
    ("IoAllocateIrpEx", Point::Pool),
    ("IoAllocateMdl", Point::Pool),
    ("IoBuildAsynchronousFsdRequest", Point::Pool),
    ("IoBuildDeviceIoControlRequest", Point::Pool),
    ("IoBuildSynchronousFsdRequest", Point::Pool),
    ("IoMakeAssociatedIrp", Point::Pool),
    ("MmAllocatePagesForMdl", Point::Pool),
    ("MmAllocatePagesForMdlEx", Point::Pool),
];

/// Those that may fail in Windows and do not here.
const NOT_HERE: &str = "\
    _snprintf _snwprintf _vsnprintf _vsnwprintf CmCallbackGetKeyObjectID CmCallbackGetKeyObjectIDEx \
    CmCallbackReleaseKeyObjectIDEx CmGetBoundTransaction CmGetCallbackVersion CmRegisterCallback \
    CmRegisterCallbackEx CmSetCallbackObjectContext CmUnRegisterCallback DbgQueryDebugFilterState \
    DbgSetDebugFilterState EtwActivityIdControl EtwWrite ExCreateCallback ExGetFirmwareEnvironmentVariable \
    ExInitializeLookasideListEx ExInitializeResourceLite ExRegisterCallback ExReinitializeResourceLite \
    ExUuidCreate IoAllocateDriverObjectExtension IoAllocateErrorLogEntry IoAllocateWorkItem IoConnectInterrupt \
    IoConnectInterruptEx IoCreateNotificationEvent IoCreateSymbolicLink IoCreateSynchronizationEvent \
    IoCreateUnprotectedSymbolicLink IoDeleteSymbolicLink IoForwardIrpSynchronously IoGetAttachedDeviceReference \
    IoGetConfigurationInformation IoGetDeviceDirectory IoGetDeviceInterfaceAlias IoGetDeviceInterfaces \
    IoGetDeviceObjectPointer IoGetDeviceProperty IoGetDevicePropertyData IoGetDmaAdapter \
    IoGetDriverObjectExtension IoGetInitialStack IoGetIoPriorityHint IoGetLowerDeviceObject \
    IoGetPagingIoPriority IoGetRelatedDeviceObject IoGetRequestorProcess IoGetRequestorProcessId \
    IoGetRequestorSessionId IoGetStackLimits IoGetTopLevelIrp IoInitializeTimer IoOpenDeviceInterfaceRegistryKey \
    IoOpenDeviceRegistryKey IoOpenDriverRegistryKey IoRegisterBootDriverReinitialization \
    IoRegisterDriverReinitialization IoRegisterLastChanceShutdownNotification IoRegisterPlugPlayNotification \
    IoRegisterShutdownNotification IoReportTargetDeviceChange IoReportTargetDeviceChangeAsynchronous \
    IoSetCompletionRoutineEx IoSetDeviceInterfacePropertyData IoSetDevicePropertyData IoSetIoPriorityHint \
    IoSynchronousCallDriver IoValidateDeviceIoControlAccess IoVerifyVolume IoWMIAllocateInstanceIds \
    IoWMIDeviceObjectToProviderId IoWMIRegistrationControl IoWMISuggestInstanceName IoWMIWriteEvent \
    KeExpandKernelStackAndCallout KeExpandKernelStackAndCalloutEx KeRegisterBugCheckCallback \
    KeRegisterBugCheckReasonCallback KeSaveExtendedProcessorState KeSaveFloatingPointState \
    MmAllocateContiguousMemory MmAllocateContiguousMemorySpecifyCache MmAllocateNonCachedMemory \
    MmGetSystemRoutineAddress MmMapLockedPages MmMapLockedPagesSpecifyCache MmProbeAndLockPages \
    MmProtectMdlSystemAddress MmSecureVirtualMemory ObCloseHandle ObOpenObjectByPointer \
    ObReferenceObjectByHandle ObReferenceObjectByHandleWithTag ObReferenceObjectByPointer \
    ObReferenceObjectByPointerWithTag ObRegisterCallbacks PcwAddInstance PcwCloseInstance PcwCreateInstance \
    PcwRegister PcwUnregister PoCallDriver PoRegisterDeviceForIdleDetection PoRegisterPowerSettingCallback \
    PoRegisterSystemState PoRequestPowerIrp ProbeForRead ProbeForWrite PsCreateSystemThread \
    PsLookupProcessByProcessId PsLookupThreadByThreadId PsRemoveCreateThreadNotifyRoutine \
    PsRemoveLoadImageNotifyRoutine PsSetCreateProcessNotifyRoutine PsSetCreateProcessNotifyRoutineEx \
    PsSetCreateProcessNotifyRoutineEx2 PsSetCreateThreadNotifyRoutine PsSetLoadImageNotifyRoutine \
    RtlAnsiStringToUnicodeString RtlAppendUnicodeStringToString RtlAppendUnicodeToString RtlCheckRegistryKey \
    RtlCreateRegistryKey RtlCreateUnicodeString RtlDeleteRegistryValue RtlDowncaseUnicodeChar \
    RtlDowncaseUnicodeString RtlGetVersion RtlGUIDFromString RtlHashUnicodeString RtlInitUnicodeStringEx \
    RtlIntegerToUnicodeString RtlStringFromGUID RtlTimeFieldsToTime RtlUnicodeStringToAnsiString \
    RtlUnicodeStringToInteger RtlUpcaseUnicodeChar RtlUpcaseUnicodeString RtlVerifyVersionInfo \
    RtlWriteRegistryValue sprintf sprintf_s swprintf swprintf_s vsprintf_s vswprintf_s WmiCompleteRequest \
    WmiFireEvent WmiSystemControl ZwClose ZwCreateFile ZwCreateKey ZwDeleteFile ZwDeleteKey ZwDeleteValueKey \
    ZwDeviceIoControlFile ZwEnumerateKey ZwEnumerateValueKey ZwFlushBuffersFile ZwFlushKey ZwMakeTemporaryObject \
    ZwOpenFile ZwOpenKey ZwOpenKeyEx ZwQueryInformationFile ZwQueryKey ZwQueryValueKey ZwReadFile \
    ZwSetInformationFile ZwSetSystemInformation ZwSetValueKey ZwWriteFile";

/// Those that cannot: locks, events, timers, DPCs, lists and memory in hand. Nor rundown protection, which
/// is refused only after the driver itself has run it down; nor `IoCsqInsertIrpEx`, which returns what the
/// driver's own callback does.
const NEVER: &str = "\
    __C_specific_handler _purecall _stricmp _strnicmp _wcsicmp _wcsnicmp atoi DbgBreakPoint \
    DbgBreakPointWithStatus DbgPrint DbgPrintEx DbgPrintReturnControlC EtwEventEnabled EtwProviderEnabled \
    EtwUnregister ExAcquireFastMutex ExAcquireFastMutexUnsafe ExAcquirePushLockExclusiveEx \
    ExAcquirePushLockSharedEx ExAcquireResourceExclusiveLite ExAcquireResourceSharedLite \
    ExAcquireRundownProtection ExAcquireSharedStarveExclusive ExAcquireSharedWaitForExclusive \
    ExAcquireSpinLockExclusive ExAcquireSpinLockExclusiveAtDpcLevel ExAcquireSpinLockShared \
    ExAcquireSpinLockSharedAtDpcLevel ExConvertExclusiveToSharedLite ExDeleteLookasideListEx \
    ExDeleteNPagedLookasideList ExDeletePagedLookasideList ExDeleteResourceLite \
    ExEnterCriticalRegionAndAcquireResourceExclusive ExEnterCriticalRegionAndAcquireResourceShared \
    ExFlushLookasideListEx ExFreePool ExFreePool2 ExFreePoolWithTag ExFreeToLookasideListEx \
    ExFreeToNPagedLookasideList ExFreeToPagedLookasideList ExGetExclusiveWaiterCount ExGetPreviousMode \
    ExGetSharedWaiterCount ExInitializeFastMutex ExInitializeNPagedLookasideList ExInitializePagedLookasideList \
    ExInitializePushLock ExInitializeRundownProtection ExInterlockedAddLargeInteger ExInterlockedAddUlong \
    ExInterlockedInsertHeadList ExInterlockedInsertTailList ExInterlockedPopEntryList ExInterlockedPushEntryList \
    ExInterlockedRemoveHeadList ExIsProcessorFeaturePresent ExIsResourceAcquiredExclusiveLite \
    ExIsResourceAcquiredSharedLite ExLocalTimeToSystemTime ExNotifyCallback ExpInterlockedFlushSList \
    ExpInterlockedPopEntrySList ExpInterlockedPushEntrySList ExQueryDepthSList ExQueueWorkItem \
    ExRaiseAccessViolation ExRaiseDatatypeMisalignment ExRaiseStatus ExReInitializeRundownProtection \
    ExReleaseFastMutex ExReleaseFastMutexUnsafe ExReleasePushLockEx ExReleasePushLockExclusiveEx \
    ExReleasePushLockSharedEx ExReleaseResourceAndLeaveCriticalRegion ExReleaseResourceForThreadLite \
    ExReleaseResourceLite ExReleaseRundownProtection ExReleaseSpinLockExclusive \
    ExReleaseSpinLockExclusiveFromDpcLevel ExReleaseSpinLockShared ExReleaseSpinLockSharedFromDpcLevel \
    ExRundownCompleted ExSetTimerResolution ExSystemTimeToLocalTime ExTryToAcquireFastMutex ExUnregisterCallback \
    ExVerifySuite ExWaitForRundownProtectionRelease InitializeSListHead IoAcquireCancelSpinLock \
    IoBuildPartialMdl IoCancelIrp IoCsqInsertIrp IoCsqInsertIrpEx IoCsqRemoveIrp IoCsqRemoveNextIrp \
    IoDeleteDevice IoDetachDevice IoDisconnectInterrupt IoDisconnectInterruptEx IofCompleteRequest \
    IoFreeErrorLogEntry IoFreeIrp IoFreeMdl IoFreeWorkItem IoGetAttachedDevice IoGetCurrentProcess \
    IoInitializeIrp IoInitializeRemoveLockEx IoInvalidateDeviceRelations IoInvalidateDeviceState \
    IoIs32bitProcess IoIsSystemThread IoIsWdmVersionAvailable IoQueueWorkItem IoQueueWorkItemEx \
    IoReleaseCancelSpinLock IoReleaseRemoveLockAndWaitEx IoReleaseRemoveLockEx IoRequestDeviceEject IoReuseIrp \
    IoSetCancelRoutine IoSetStartIoAttributes IoSetThreadHardErrorMode IoSetTopLevelIrp IoSizeofIrp \
    IoStartNextPacket IoStartNextPacketByKey IoStartPacket IoStartTimer IoStopTimer IoThreadToProcess \
    IoUnregisterPlugPlayNotification IoUnregisterPlugPlayNotificationEx IoUnregisterShutdownNotification \
    IoWithinStackLimits IoWriteErrorLogEntry isdigit isprint isspace KdRefreshDebuggerNotPresent \
    KeAcquireGuardedMutex KeAcquireGuardedMutexUnsafe KeAcquireInStackQueuedSpinLock \
    KeAcquireInStackQueuedSpinLockAtDpcLevel KeAcquireInterruptSpinLock KeAcquireSpinLockAtDpcLevel \
    KeAcquireSpinLockForDpc KeAcquireSpinLockRaiseToDpc KeAreAllApcsDisabled KeAreApcsDisabled KeBugCheck \
    KeBugCheckEx KeCancelTimer KeClearEvent KeDelayExecutionThread KeDeregisterBugCheckCallback \
    KeDeregisterBugCheckReasonCallback KeEnterCriticalRegion KeEnterGuardedRegion KeFlushQueuedDpcs \
    KeGetCurrentIrql KeGetCurrentProcessorNumberEx KeGetCurrentThread KeGetRecommendedSharedDataAlignment \
    KeInitializeDeviceQueue KeInitializeDpc KeInitializeEvent KeInitializeGuardedMutex KeInitializeMutex \
    KeInitializeSemaphore KeInitializeSpinLock KeInitializeTimer KeInitializeTimerEx KeInsertByKeyDeviceQueue \
    KeInsertDeviceQueue KeInsertQueueDpc KeIpiGenericCall KeLeaveCriticalRegion KeLeaveGuardedRegion KeLowerIrql \
    KeQueryActiveGroupCount KeQueryActiveProcessorCount KeQueryActiveProcessorCountEx KeQueryActiveProcessors \
    KeQueryInterruptTime KeQueryInterruptTimePrecise KeQueryMaximumGroupCount KeQueryMaximumProcessorCount \
    KeQueryMaximumProcessorCountEx KeQueryPerformanceCounter KeQueryPriorityThread KeQuerySystemTime \
    KeQuerySystemTimePrecise KeQueryTickCount KeQueryTimeIncrement KeQueryUnbiasedInterruptTime \
    KeQueryUnbiasedInterruptTimePrecise KeReadStateEvent KeReadStateMutex KeReadStateSemaphore KeReadStateTimer \
    KeReleaseGuardedMutex KeReleaseGuardedMutexUnsafe KeReleaseInStackQueuedSpinLock \
    KeReleaseInStackQueuedSpinLockFromDpcLevel KeReleaseInterruptSpinLock KeReleaseMutex KeReleaseSemaphore \
    KeReleaseSpinLock KeReleaseSpinLockForDpc KeReleaseSpinLockFromDpcLevel KeRemoveByKeyDeviceQueue \
    KeRemoveByKeyDeviceQueueIfBusy KeRemoveDeviceQueue KeRemoveEntryDeviceQueue KeRemoveQueueDpc KeResetEvent \
    KeRestoreExtendedProcessorState KeRestoreFloatingPointState KeRevertToUserAffinityThread \
    KeRevertToUserAffinityThreadEx KeRevertToUserGroupAffinityThread KeSetBasePriorityThread KeSetEvent \
    KeSetImportanceDpc KeSetPriorityThread KeSetSystemAffinityThread KeSetSystemAffinityThreadEx \
    KeSetSystemGroupAffinityThread KeSetTargetProcessorDpc KeSetTargetProcessorDpcEx KeSetTimer KeSetTimerEx \
    KeStackAttachProcess KeStallExecutionProcessor KeSynchronizeExecution KeTestSpinLock \
    KeTryToAcquireGuardedMutex KeTryToAcquireSpinLockAtDpcLevel KeUnstackDetachProcess KeWaitForMultipleObjects \
    KeWaitForMutexObject KeWaitForSingleObject KfRaiseIrql memchr memcmp memcpy memcpy_s memmove memmove_s \
    memset MmBuildMdlForNonPagedPool MmFreeContiguousMemory MmFreeContiguousMemorySpecifyCache \
    MmFreeNonCachedMemory MmFreePagesFromMdl MmGetPhysicalAddress MmIsAddressValid MmLockPagableDataSection \
    MmPageEntireDriver MmQuerySystemSize MmResetDriverPaging MmSizeOfMdl MmUnlockPagableImageSection \
    MmUnlockPages MmUnmapLockedPages MmUnsecureVirtualMemory ObDereferenceObjectDeferDelete ObfDereferenceObject \
    ObfDereferenceObjectWithTag ObfReferenceObject ObfReferenceObjectWithTag ObGetFilterVersion ObGetObjectType \
    ObUnRegisterCallbacks PoSetDeviceBusyEx PoSetPowerState PoSetSystemState PoStartNextPowerIrp \
    PoUnregisterPowerSettingCallback PoUnregisterSystemState PsGetCurrentProcess PsGetCurrentProcessId \
    PsGetCurrentProcessSessionId PsGetCurrentThread PsGetCurrentThreadId PsGetProcessExitStatus PsGetProcessId \
    PsGetProcessImageFileName PsGetThreadId PsGetThreadProcess PsGetThreadProcessId PsGetVersion \
    PsIsSystemThread PsIsThreadTerminating PsTerminateSystemThread rand RtlAssert RtlCaptureStackBackTrace \
    RtlCompareMemory RtlCompareString RtlCompareUnicodeString RtlCopyMemory RtlCopyString RtlCopyUnicodeString \
    RtlEqualString RtlEqualUnicodeString RtlFillMemory RtlFreeAnsiString RtlFreeUnicodeString RtlInitAnsiString \
    RtlInitString RtlInitUnicodeString RtlIsNtDdiVersionAvailable RtlIsServicePackVersionInstalled RtlMoveMemory \
    RtlNtStatusToDosError RtlNtStatusToDosErrorNoTeb RtlPrefixUnicodeString RtlRaiseException RtlRaiseStatus \
    RtlRandom RtlRandomEx RtlSuffixUnicodeString RtlTimeToTimeFields RtlUpperChar RtlWalkFrameChain \
    RtlxAnsiStringToUnicodeSize RtlxUnicodeStringToAnsiSize RtlZeroMemory SeSinglePrivilegeCheck srand strcat \
    strcat_s strchr strcmp strcpy strcpy_s strlen strncat strncmp strncpy strncpy_s strnlen strrchr strstr \
    tolower toupper towlower towupper vDbgPrintEx vDbgPrintExWithPrefix VerSetConditionMask wcscat wcscat_s \
    wcschr wcscmp wcscpy wcscpy_s wcslen wcsncmp wcsncpy wcsncpy_s wcsnlen wcsrchr wcsstr";

/// What is known of a routine, if anything is.
#[must_use]
pub fn fallible(name: &str) -> Option<Fallible> {
    if let Some((_, point)) = FAILING.iter().find(|(routine, _)| *routine == name) {
        Some(Fallible::As(*point))
    } else if NOT_HERE.split_whitespace().any(|it| it == name) {
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
        let known = || {
            let failing = FAILING.map(|(name, _)| name).into_iter();
            failing.chain(NOT_HERE.split_whitespace())
        };
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
