/* Why: mingw-w64's headers stop at Windows 7. This adds what Microsoft's metadata has beyond them, written by
 * tests/linux/sysroot/src/supplement.rs.
 * Content: this project's, the names of types that the metadata leaves out, from Microsoft's public reference; mingw-w64's ntifs.h comes next in the search path (../shared). */
#pragma once
#include_next <ntifs.h>

typedef ULONG64 POOL_FLAGS;
typedef LONG EX_SPIN_LOCK, *PEX_SPIN_LOCK;
typedef UCHAR SE_SIGNING_LEVEL, *PSE_SIGNING_LEVEL;
typedef unsigned long DWORD;
typedef struct _KEXCEPTION_FRAME KEXCEPTION_FRAME, *PKEXCEPTION_FRAME;
typedef struct _KTRAP_FRAME KTRAP_FRAME, *PKTRAP_FRAME;

extern POBJECT_TYPE *ExDesktopObjectType;
extern POBJECT_TYPE *PsJobType;
extern POBJECT_TYPE *PsSiloContextNonPagedType;
extern POBJECT_TYPE *PsSiloContextPagedType;
extern ULONG NtGlobalFlag;
extern ULONG NtGlobalFlag2;

/* Of these routines, the metadata does not have the parameters. */
struct _BDCB_IMAGE_INFORMATION;
typedef NTSTATUS NTAPI MM_MDL_ROUTINE(IN PVOID DriverContext, IN PVOID MappedVa);
typedef MM_MDL_ROUTINE *PMM_MDL_ROUTINE;
typedef VOID NTAPI PO_FX_COMPONENT_PERF_STATE_CALLBACK(IN PVOID Context, IN ULONG Component, IN BOOLEAN Succeeded,
    IN PVOID RequestContext);
typedef PO_FX_COMPONENT_PERF_STATE_CALLBACK *PPO_FX_COMPONENT_PERF_STATE_CALLBACK;
typedef NTSTATUS NTAPI SE_LOGON_SESSION_TERMINATED_ROUTINE_EX(IN PLUID LogonId, IN struct _EJOB *Silo, IN PVOID Context);
typedef SE_LOGON_SESSION_TERMINATED_ROUTINE_EX *PSE_LOGON_SESSION_TERMINATED_ROUTINE_EX;
typedef enum _BDCB_CALLBACK_TYPE {
  BdCbStatusUpdate,
  BdCbInitializeImage
} BDCB_CALLBACK_TYPE, *PBDCB_CALLBACK_TYPE;
typedef VOID NTAPI BOOT_DRIVER_CALLBACK_FUNCTION(IN PVOID CallbackContext, IN BDCB_CALLBACK_TYPE Classification,
    IN OUT struct _BDCB_IMAGE_INFORMATION *ImageInformation);
typedef BOOT_DRIVER_CALLBACK_FUNCTION *PBOOT_DRIVER_CALLBACK_FUNCTION;
typedef enum _SE_IMAGE_TYPE {
  SeImageTypeElamDriver,
  SeImageTypeDriver,
  SeImageTypePlatformSecureFile,
  SeImageTypeDynamicCodeFile,
  SeImageTypeMax
} SE_IMAGE_TYPE, *PSE_IMAGE_TYPE;
typedef VOID NTAPI SE_IMAGE_VERIFICATION_CALLBACK_FUNCTION(IN PVOID CallbackContext, IN SE_IMAGE_TYPE ImageType,
    IN OUT struct _BDCB_IMAGE_INFORMATION *ImageInformation);
typedef SE_IMAGE_VERIFICATION_CALLBACK_FUNCTION *PSE_IMAGE_VERIFICATION_CALLBACK_FUNCTION;

#ifdef _M_ARM64
#if __has_include(<metadata_arm64.h>)
#include <metadata_arm64.h>
#endif
#elif __has_include(<metadata_x64.h>)
#include <metadata_x64.h>
#endif
