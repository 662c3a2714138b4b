/* Why: mingw-w64's wdm.h does not know ARM64, and has inline routines that the kernel exports.
 * Content: what drivers that include no more than this or ntddk.h call of Windows 10; the rest of what is later than Windows 7 is in
 * ntifs.h. Everything else is mingw-w64's wdm.h, which comes next in the search path (../shared). */
#pragma once

#ifdef _M_ARM64
/* The only processors that it takes for 64-bit ones are this and AMD64; for others it packs IO_STACK_LOCATION. */
#define _IA64_
#endif
/* An inline function there, a routine of ntoskrnl.exe in the WDK. */
#define KeGetCurrentIrql mingw_inline_KeGetCurrentIrql
#include_next <wdm.h>
#undef KeGetCurrentIrql
#ifdef _M_ARM64
#undef _IA64_
#endif
NTKERNELAPI KIRQL NTAPI KeGetCurrentIrql(VOID);

/* Windows 10 2004. */
typedef ULONG64 POOL_FLAGS;
NTKERNELAPI PVOID NTAPI ExAllocatePool2(IN POOL_FLAGS Flags, IN SIZE_T NumberOfBytes, IN ULONG Tag);
