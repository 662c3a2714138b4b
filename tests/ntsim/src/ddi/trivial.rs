//! Routines of which nothing depends on what they do here: each checks its IRQL and says that all is well.

use super::enter;
use crate::nt::status::{NOT_IMPLEMENTED, NOT_SUPPORTED, OBJECT_NAME_NOT_FOUND, SUCCESS};
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL, PASSIVE_LEVEL};

/// The highest IRQL there is.
const HIGH_LEVEL: u8 = 15;

macro_rules! trivial {
    ($($name:ident: $irql:ident => $value:expr;)*) => {
        /// The routines of this file.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// The address of a routine of this file.
        pub fn find(name: &str) -> Option<usize> {
            match name {
                $(stringify!($name) => Some($name as *const () as usize),)*
                _ => None,
            }
        }

        $(
            #[expect(non_snake_case, reason = "the name that drivers import")]
            pub extern "win64" fn $name() -> usize {
                enter(stringify!($name), $irql);
                $value as usize
            }
        )*
    };
}

trivial! {
    CmCallbackGetKeyObjectID: APC_LEVEL => NOT_SUPPORTED;
    CmCallbackGetKeyObjectIDEx: APC_LEVEL => NOT_SUPPORTED;
    CmGetBoundTransaction: APC_LEVEL => 0;
    CmSetCallbackObjectContext: APC_LEVEL => SUCCESS;
    DbgQueryDebugFilterState: HIGH_LEVEL => 0;
    DbgSetDebugFilterState: HIGH_LEVEL => SUCCESS;
    ExGetFirmwareEnvironmentVariable: PASSIVE_LEVEL => NOT_IMPLEMENTED;
    ExIsProcessorFeaturePresent: HIGH_LEVEL => 1;
    ExSetTimerResolution: PASSIVE_LEVEL => 156_250;
    ExVerifySuite: PASSIVE_LEVEL => 0;
    IoGetConfigurationInformation: PASSIVE_LEVEL => 0;
    IoGetDmaAdapter: PASSIVE_LEVEL => 0;
    IoGetInitialStack: APC_LEVEL => 0;
    IoGetTopLevelIrp: APC_LEVEL => 0;
    IoInvalidateDeviceRelations: DISPATCH_LEVEL => 0;
    IoIsSystemThread: DISPATCH_LEVEL => 0;
    IoRegisterBootDriverReinitialization: PASSIVE_LEVEL => 0;
    IoReportTargetDeviceChange: PASSIVE_LEVEL => SUCCESS;
    IoReportTargetDeviceChangeAsynchronous: DISPATCH_LEVEL => SUCCESS;
    IoRequestDeviceEject: DISPATCH_LEVEL => 0;
    IoSetDeviceInterfacePropertyData: PASSIVE_LEVEL => SUCCESS;
    IoSetDevicePropertyData: PASSIVE_LEVEL => SUCCESS;
    IoSetThreadHardErrorMode: PASSIVE_LEVEL => 1;
    IoSetTopLevelIrp: APC_LEVEL => 0;
    IoWMIAllocateInstanceIds: APC_LEVEL => SUCCESS;
    IoWMIDeviceObjectToProviderId: DISPATCH_LEVEL => 1;
    IoWMISuggestInstanceName: PASSIVE_LEVEL => NOT_SUPPORTED;
    IoWithinStackLimits: HIGH_LEVEL => 1;
    KdRefreshDebuggerNotPresent: HIGH_LEVEL => 1;
    KeGetCurrentProcessorNumberEx: HIGH_LEVEL => 0;
    KeGetRecommendedSharedDataAlignment: HIGH_LEVEL => 64;
    KeQueryActiveGroupCount: HIGH_LEVEL => 1;
    KeQueryActiveProcessorCount: HIGH_LEVEL => 4;
    KeQueryActiveProcessorCountEx: HIGH_LEVEL => 4;
    KeQueryActiveProcessors: HIGH_LEVEL => 0xf;
    KeQueryMaximumGroupCount: HIGH_LEVEL => 1;
    KeQueryMaximumProcessorCount: HIGH_LEVEL => 4;
    KeQueryMaximumProcessorCountEx: HIGH_LEVEL => 4;
    KeQueryPriorityThread: DISPATCH_LEVEL => 8;
    KeQueryTimeIncrement: HIGH_LEVEL => 156_250;
    KeRestoreExtendedProcessorState: DISPATCH_LEVEL => 0;
    KeRestoreFloatingPointState: DISPATCH_LEVEL => SUCCESS;
    KeRevertToUserAffinityThread: APC_LEVEL => 0;
    KeRevertToUserAffinityThreadEx: APC_LEVEL => 0;
    KeRevertToUserGroupAffinityThread: APC_LEVEL => 0;
    KeSaveExtendedProcessorState: DISPATCH_LEVEL => SUCCESS;
    KeSaveFloatingPointState: DISPATCH_LEVEL => SUCCESS;
    KeSetBasePriorityThread: PASSIVE_LEVEL => 0;
    KeSetSystemAffinityThread: APC_LEVEL => 0;
    KeSetSystemAffinityThreadEx: APC_LEVEL => 0;
    KeSetSystemGroupAffinityThread: APC_LEVEL => 0;
    KeStallExecutionProcessor: HIGH_LEVEL => 0;
    MmSecureVirtualMemory: APC_LEVEL => 1;
    MmUnsecureVirtualMemory: APC_LEVEL => 0;
    ObGetFilterVersion: PASSIVE_LEVEL => 0x100;
    PcwAddInstance: APC_LEVEL => SUCCESS;
    PcwCloseInstance: APC_LEVEL => 0;
    PcwCreateInstance: APC_LEVEL => SUCCESS;
    PoRegisterDeviceForIdleDetection: PASSIVE_LEVEL => 0;
    PoRegisterSystemState: PASSIVE_LEVEL => 0;
    PoSetDeviceBusyEx: DISPATCH_LEVEL => 0;
    PoSetSystemState: DISPATCH_LEVEL => 0;
    PoUnregisterSystemState: PASSIVE_LEVEL => 0;
    PsGetCurrentProcessSessionId: APC_LEVEL => 1;
    PsGetProcessExitStatus: APC_LEVEL => 0;
    PsIsThreadTerminating: DISPATCH_LEVEL => 0;
    RtlCaptureStackBackTrace: HIGH_LEVEL => 0;
    RtlWalkFrameChain: HIGH_LEVEL => 0;
    SeSinglePrivilegeCheck: PASSIVE_LEVEL => 1;
    ZwFlushBuffersFile: PASSIVE_LEVEL => SUCCESS;
    ZwFlushKey: PASSIVE_LEVEL => SUCCESS;
    ZwMakeTemporaryObject: PASSIVE_LEVEL => SUCCESS;
    ZwSetSystemInformation: PASSIVE_LEVEL => NOT_SUPPORTED;
    IoGetDeviceInterfaceAlias: PASSIVE_LEVEL => OBJECT_NAME_NOT_FOUND;
}
