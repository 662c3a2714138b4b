/* What the frame (frame.h) wants from a baseline: the routines that keep, find and count requests.
 * Each baseline defines QUEUE and HANDLE as it likes. */
#pragma once

#include "protocol.h"

/* Instructions to clang and to cl.exe; the headers of the build on Linux do not declare them. */
LONG64 _InterlockedIncrement64(LONG64 volatile *);
LONG64 _InterlockedDecrement64(LONG64 volatile *);

/* The list routines of the WDK's wdm.h check the neighbors before they write, and so does csq.sys;
 * those of the headers used here do not. */
static DECLSPEC_NORETURN FORCEINLINE VOID FailFast(VOID)
{
    __asm__ volatile("int $0x29" : : "c"(3 /* FAST_FAIL_CORRUPT_LIST_ENTRY */));
    __builtin_unreachable();
}

/* InsertTailList. */
static FORCEINLINE VOID LinkBefore(PLIST_ENTRY Next, PLIST_ENTRY Entry)
{
    PLIST_ENTRY previous = Next->Blink;

    if (previous->Flink != Next) {
        FailFast();
    }
    Entry->Flink = Next;
    Entry->Blink = previous;
    previous->Flink = Entry;
    Next->Blink = Entry;
}

/* RemoveEntryList. */
static FORCEINLINE VOID Unlink(PLIST_ENTRY Entry)
{
    PLIST_ENTRY next = Entry->Flink;
    PLIST_ENTRY previous = Entry->Blink;

    if (next->Blink != Entry || previous->Flink != Entry) {
        FailFast();
    }
    previous->Flink = next;
    next->Blink = previous;
}

/* Why a request ends. Also the index of its counter. */
typedef enum _ENDING {
    EndCompleted,
    EndCanceled,
    EndFlushed,
    EndCount
} ENDING;

/* Which request to remove. */
typedef enum _WHICH {
    WhichAny,
    WhichFile,
    WhichTag,
    WhichId
} WHICH;

typedef struct _QUEUE QUEUE, *PQUEUE;
typedef struct _HANDLE_CONTEXT HANDLE_CONTEXT, *PHANDLE_CONTEXT;
typedef struct _DEVICE DEVICE, *PDEVICE;

typedef struct _PEEK {
    WHICH Which;
    ENDING Ending;
    /* WhichFile, WhichTag, WhichId. */
    PFILE_OBJECT File;
    PHANDLE_CONTEXT Handle;
    /* WhichTag, WhichId. */
    ULONG64 Target;
} PEEK, *PPEEK;

/* What replaces the PEND at the front of a pended request's buffer, as in csq.sys. */
typedef struct _NOTE {
    ULONG64 Id;
    ULONG64 Tag;
} NOTE, *PNOTE;

static NTSTATUS QueueInitialize(PDEVICE Device);
/* At each start: memory, once. */
static NTSTATUS QueueStart(PDEVICE Device);
static VOID QueueFree(PDEVICE Device);
static VOID HandleInitialize(PHANDLE_CONTEXT Handle);

/* Takes the request of a handle. STATUS_PENDING: it belongs to the queue.
 * Otherwise the caller has to complete it with what is returned. */
static NTSTATUS QueuePend(PDEVICE Device, PHANDLE_CONTEXT Handle, PIRP Irp, ULONG64 Tag);
/* Removes one request, counted as Peek->Ending. The caller has to end it by QueueEnd. */
static PIRP QueueRemove(PDEVICE Device, PPEEK Peek);
/* Completes a request that was removed. */
static VOID QueueEnd(PDEVICE Device, PIRP Irp, NTSTATUS Status, ULONG_PTR Information);
/* No request of this handle, or of the device, is to move any more. */
static VOID QueueCloseHandle(PDEVICE Device, PHANDLE_CONTEXT Handle);
static VOID QueueRetire(PDEVICE Device);
static VOID QueueStatistics(PDEVICE Device, STATISTICS *Statistics);
/* Claims; STATUS_INVALID_DEVICE_REQUEST where there are none. */
static NTSTATUS QueueClaim(PDEVICE Device, PIRP Irp, PULONG_PTR Information);
static NTSTATUS QueueComplete(PDEVICE Device, PIRP Irp, PULONG_PTR Information);
