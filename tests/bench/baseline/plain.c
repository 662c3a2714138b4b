/* What a C driver does that follows the documentation of IoCsq: one list, one lock, and a peek that
 * scans the list for the file object. */
#include "policy.h"

struct _QUEUE {
    IO_CSQ Csq;
    KSPIN_LOCK Lock;
    LIST_ENTRY List;
    /* What the peek routine returned last, and what for. */
    PIRP Peeked;
    ENDING Ending;
    ULONG64 Pended;
    ULONG64 Pending;
    ULONG64 HighWater;
    ULONG64 Ended[EndCount];
    /* Canceled before they were linked; not under the lock. */
    volatile LONG64 CanceledEarly;
    volatile LONG64 Ids;
    volatile LONG64 Refused;
    volatile LONG Outstanding;
};

struct _HANDLE_CONTEXT {
    EX_RUNDOWN_REF Open;
    volatile LONG Outstanding;
};

/* What comes in passes rundowns, so that cleanup and removal can wait for it. */
#define RUNDOWNS 1
#define TIMEOUTS 0

#include "frame.h"

/* DriverContext[0]: the tag; [1]: the id; [2]: whether it was linked. */
#define TAG_OF(irp) ((irp)->Tail.Overlay.DriverContext[0])
#define ID_OF(irp) ((irp)->Tail.Overlay.DriverContext[1])
#define LINKED(irp) ((irp)->Tail.Overlay.DriverContext[2])

static VOID InsertIrp(PIO_CSQ Csq, PIRP Irp)
{
    PQUEUE queue = CONTAINING_RECORD(Csq, QUEUE, Csq);

    LinkBefore(&queue->List, &Irp->Tail.Overlay.ListEntry);
    LINKED(Irp) = queue;
    queue->Pended++;
    queue->Pending++;
    if (queue->Pending > queue->HighWater) {
        queue->HighWater = queue->Pending;
    }
}

static VOID RemoveIrp(PIO_CSQ Csq, PIRP Irp)
{
    PQUEUE queue = CONTAINING_RECORD(Csq, QUEUE, Csq);

    Unlink(&Irp->Tail.Overlay.ListEntry);
    queue->Ended[queue->Peeked == Irp ? queue->Ending : EndCanceled]++;
    queue->Peeked = NULL;
    queue->Pending--;
}

static BOOLEAN Matches(PIRP Irp, PPEEK Peek)
{
    if (Peek->Which == WhichAny) {
        return TRUE;
    }
    if (IoGetCurrentIrpStackLocation(Irp)->FileObject != Peek->File) {
        return FALSE;
    }
    switch (Peek->Which) {
    case WhichTag:
        return TAG_OF(Irp) == (PVOID)Peek->Target;
    case WhichId:
        return ID_OF(Irp) == (PVOID)Peek->Target;
    default:
        return TRUE;
    }
}

static PIRP PeekNextIrp(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PQUEUE queue = CONTAINING_RECORD(Csq, QUEUE, Csq);
    PPEEK peek = Context;
    PLIST_ENTRY entry = Irp == NULL ? queue->List.Flink : Irp->Tail.Overlay.ListEntry.Flink;

    while (entry != &queue->List) {
        PIRP irp = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
        if (Matches(irp, peek)) {
            queue->Peeked = irp;
            queue->Ending = peek->Ending;
            return irp;
        }
        entry = entry->Flink;
    }
    /* One that was skipped, because it is being canceled, will be removed for that. */
    queue->Peeked = NULL;
    return NULL;
}

static VOID AcquireLock(PIO_CSQ Csq, PKIRQL Irql)
{
    KeAcquireSpinLock(&CONTAINING_RECORD(Csq, QUEUE, Csq)->Lock, Irql);
}

static VOID ReleaseLock(PIO_CSQ Csq, KIRQL Irql)
{
    KeReleaseSpinLock(&CONTAINING_RECORD(Csq, QUEUE, Csq)->Lock, Irql);
}

static VOID CompleteCanceledIrp(PIO_CSQ Csq, PIRP Irp)
{
    PQUEUE queue = CONTAINING_RECORD(Csq, QUEUE, Csq);
    PDEVICE device = CONTAINING_RECORD(queue, DEVICE, Queue);

    if (LINKED(Irp) == NULL) {
        InterlockedIncrement64(&queue->CanceledEarly);
    }
    QueueEnd(device, Irp, STATUS_CANCELLED, 0);
}

static VOID QueueLoad(VOID)
{
}

static VOID QueueUnload(VOID)
{
}

static NTSTATUS QueueInitialize(PDEVICE Device)
{
    PQUEUE queue = &Device->Queue;

    KeInitializeSpinLock(&queue->Lock);
    InitializeListHead(&queue->List);
    return IoCsqInitialize(&queue->Csq, InsertIrp, RemoveIrp, PeekNextIrp, AcquireLock, ReleaseLock,
        CompleteCanceledIrp);
}

static NTSTATUS QueueStart(PDEVICE Device)
{
    UNREFERENCED_PARAMETER(Device);
    return STATUS_SUCCESS;
}

static VOID QueueFree(PDEVICE Device)
{
    UNREFERENCED_PARAMETER(Device);
}

static VOID HandleInitialize(PHANDLE_CONTEXT Handle)
{
    ExInitializeRundownProtection(&Handle->Open);
    Handle->Outstanding = 0;
}

/* One more, unless there are as many as allowed. */
static BOOLEAN Take(volatile LONG *Count, ULONG Limit)
{
    LONG count = *Count;

    while ((ULONG)count < Limit) {
        LONG found = InterlockedCompareExchange(Count, count + 1, count);
        if (found == count) {
            return TRUE;
        }
        count = found;
    }
    return FALSE;
}

static NTSTATUS QueuePend(PDEVICE Device, PHANDLE_CONTEXT Handle, PIRP Irp, ULONG64 Tag, ULONG Timeout)
{
    PQUEUE queue = &Device->Queue;
    PNOTE note = Irp->AssociatedIrp.SystemBuffer;
    LONG64 id;

    UNREFERENCED_PARAMETER(Timeout);
    if (!Take(&Handle->Outstanding, Device->HandleLimit)) {
        InterlockedIncrement64(&queue->Refused);
        return STATUS_QUOTA_EXCEEDED;
    }
    if (!Take(&queue->Outstanding, Device->DeviceLimit)) {
        InterlockedDecrement(&Handle->Outstanding);
        InterlockedIncrement64(&queue->Refused);
        return STATUS_QUOTA_EXCEEDED;
    }
    id = InterlockedIncrement64(&queue->Ids);
    note->Id = id;
    note->Tag = Tag;
    TAG_OF(Irp) = (PVOID)Tag;
    ID_OF(Irp) = (PVOID)id;
    LINKED(Irp) = NULL;
    IoCsqInsertIrp(&queue->Csq, Irp, NULL);
    return STATUS_PENDING;
}

static PIRP QueueRemove(PDEVICE Device, PPEEK Peek)
{
    return IoCsqRemoveNextIrp(&Device->Queue.Csq, Peek);
}

static VOID QueueEnd(PDEVICE Device, PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    PHANDLE_CONTEXT handle = HandleOf(IoGetCurrentIrpStackLocation(Irp));

    InterlockedDecrement(&handle->Outstanding);
    InterlockedDecrement(&Device->Queue.Outstanding);
    Finish(Device, Irp, Status, Information);
}

static VOID QueueCloseHandle(PDEVICE Device, PHANDLE_CONTEXT Handle)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Handle);
}

static VOID QueueRetire(PDEVICE Device)
{
    UNREFERENCED_PARAMETER(Device);
}

static VOID QueueStatistics(PDEVICE Device, STATISTICS *Statistics)
{
    PQUEUE queue = &Device->Queue;
    LONG64 early;
    KIRQL irql;

    RtlZeroMemory(Statistics, sizeof(*Statistics));
    KeAcquireSpinLock(&queue->Lock, &irql);
    early = queue->CanceledEarly;
    Statistics->Pended = queue->Pended + early;
    Statistics->Completed = queue->Ended[EndCompleted];
    Statistics->Canceled = queue->Ended[EndCanceled] + early;
    Statistics->Flushed = queue->Ended[EndFlushed];
    Statistics->Pending = queue->Pending;
    Statistics->HighWater = queue->HighWater;
    KeReleaseSpinLock(&queue->Lock, irql);
    Statistics->Refused = queue->Refused;
    Statistics->Handles = Device->Handles;
}

static NTSTATUS QueueClaim(PDEVICE Device, PIRP Irp, PULONG_PTR Information)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Irp);
    UNREFERENCED_PARAMETER(Information);
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS QueueComplete(PDEVICE Device, PIRP Irp, PULONG_PTR Information)
{
    UNREFERENCED_PARAMETER(Device);
    UNREFERENCED_PARAMETER(Irp);
    UNREFERENCED_PARAMETER(Information);
    return STATUS_INVALID_DEVICE_REQUEST;
}
