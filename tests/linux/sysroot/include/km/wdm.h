/* Why: mingw-w64's wdm.h stops at Windows 7. This adds the later routines that csq.sys and wdk-alloc call.
 * Content: this project's, written from Microsoft's public reference of each routine (learn.microsoft.com,
 * "Windows drivers", header wdm.h); everything else is mingw-w64's wdm.h, which comes next in the search path (../shared). */
#pragma once

/* An inline function there, a routine of ntoskrnl.exe in the WDK: wdk's PAGED_CODE! calls it. */
#define KeGetCurrentIrql mingw_inline_KeGetCurrentIrql
#ifdef _M_ARM64
/* The only processors that it takes for 64-bit ones are this and AMD64; for others it packs IO_STACK_LOCATION. */
#define _IA64_
#endif
#include_next <wdm.h>
#ifdef _M_ARM64
#undef _IA64_
#endif
#undef KeGetCurrentIrql
NTKERNELAPI KIRQL NTAPI KeGetCurrentIrql(VOID);

/* Windows 10 2004. wdk-sys has the flags. */
typedef ULONG64 POOL_FLAGS;
NTKERNELAPI PVOID NTAPI ExAllocatePool2(IN POOL_FLAGS Flags, IN SIZE_T NumberOfBytes, IN ULONG Tag);

/* Windows 8. */
typedef enum _EVENT_INFO_CLASS {
  EventProviderBinaryTrackInfo,
  EventProviderSetReserved1,
  EventProviderSetTraits,
  EventProviderUseDescriptorType,
  MaxEventInfo
} EVENT_INFO_CLASS;
NTKERNELAPI NTSTATUS NTAPI EtwSetInformation(IN REGHANDLE RegHandle, IN EVENT_INFO_CLASS InformationClass,
    IN PVOID EventInformation OPTIONAL, IN ULONG InformationLength);
