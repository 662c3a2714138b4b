/* Why: mingw-w64's wdm.h includes a header of this name for Arm, and does not have it. _mingw.h sends ARM64 that way.
 * Content: this project's, written from Microsoft's public reference of each routine (learn.microsoft.com, "Windows drivers"):
 * what wdm.h declares for each architecture by itself, as far as csq.sys, wdk-alloc and wdk-panic need it. */
#pragma once

#define PASSIVE_LEVEL 0
#define LOW_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
#define HIGH_LEVEL 15

#define PAGE_SIZE 0x1000
#define PAGE_SHIFT 12L

NTKERNELAPI struct _KTHREAD *NTAPI KeGetCurrentThread(VOID);

NTKERNELAPI KIRQL NTAPI KeAcquireSpinLockRaiseToDpc(IN OUT PKSPIN_LOCK SpinLock);
NTKERNELAPI VOID NTAPI KeReleaseSpinLock(IN OUT PKSPIN_LOCK SpinLock, IN KIRQL NewIrql);
NTKERNELAPI VOID NTAPI KeAcquireSpinLockAtDpcLevel(IN OUT PKSPIN_LOCK SpinLock);
NTKERNELAPI VOID NTAPI KeReleaseSpinLockFromDpcLevel(IN OUT PKSPIN_LOCK SpinLock);
