/* A driver that keeps IOCTLs pending as people write it without IoCsq: one list, one spin lock, a cancel routine of
 * its own. It speaks the csq protocol (../../bench/baseline/frame.h). As it stands it is right, to our knowledge: a
 * checker that finds something here gives a false alarm. With one of these defined, it is wrong:
 *
 *   CHECKED_BEFORE_SET    Irp->Cancel is looked at before the cancel routine is set, not after
 *   RETURN_IGNORED        what IoSetCancelRoutine returns on removal is not looked at
 *   DPC_NOT_FLUSHED       a DPC that uses the device extension may run after the device was removed
 *   DPC_NOT_FLUSHED_POOL  the same with its memory in pool
 *   LOCK_HANDLE_SHARED    one KLOCK_QUEUE_HANDLE is used by all threads
 *   POWER_NOT_PASSED      a power IRP is neither passed down nor completed
 *   TOUCHED_AFTER_QUEUED  the buffer of a request is read when it is another thread's already
 *   COUNTED_UNLOCKED      the number of pending requests is changed without the lock
 *   SPINS_IN_DPC          a lock of its own, taken at PASSIVE_LEVEL and in a DPC (found with --preemption)
 */
#include "policy.h"

#if defined(DPC_NOT_FLUSHED) || defined(DPC_NOT_FLUSHED_POOL) || defined(SPINS_IN_DPC)
#define HAS_DPC
#endif

struct _QUEUE {
    KSPIN_LOCK Lock;
    LIST_ENTRY List;
#ifdef LOCK_HANDLE_SHARED
    KLOCK_QUEUE_HANDLE Shared;
#endif
#ifdef HAS_DPC
    KDPC Dpc;
    ULONG64 Seen;
    ULONG64 *Pool;
    volatile LONG Own;
#endif
    ULONG64 Pended, Pending, HighWater, Ended[EndCount];
    volatile LONG64 Ids;
    volatile LONG64 Refused;
    volatile LONG Outstanding;
};

struct _HANDLE_CONTEXT {
    EX_RUNDOWN_REF Open;
    volatile LONG Outstanding;
};

#define RUNDOWNS 1
#define TIMEOUTS 0
#ifdef POWER_NOT_PASSED
#define DriverEntry FrameEntry
#endif
#include "frame.h"
#undef DriverEntry

#define TAG_OF(irp) ((irp)->Tail.Overlay.DriverContext[0])
#define ID_OF(irp) ((irp)->Tail.Overlay.DriverContext[1])

#ifdef LOCK_HANDLE_SHARED
#define LOCK(q, irql) ((void)(irql), KeAcquireInStackQueuedSpinLock(&(q)->Lock, &(q)->Shared))
#define UNLOCK(q, irql) ((void)(irql), KeReleaseInStackQueuedSpinLock(&(q)->Shared))
#else
#define LOCK(q, irql) KeAcquireSpinLock(&(q)->Lock, &(irql))
#define UNLOCK(q, irql) KeReleaseSpinLock(&(q)->Lock, irql)
#endif

#ifdef POWER_NOT_PASSED
static NTSTATUS Power(PDEVICE_OBJECT Object, PIRP Irp)
{
    NTSTATUS status = Irp->IoStatus.Status;

    UNREFERENCED_PARAMETER(Object);
    return status;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status = FrameEntry(Driver, RegistryPath);

    Driver->MajorFunction[IRP_MJ_POWER] = Power;
    return status;
}
#endif

#ifdef SPINS_IN_DPC
static VOID TakeOwn(PQUEUE Queue)
{
    while (InterlockedExchange(&Queue->Own, 1) != 0) {
    }
}

static VOID LeaveOwn(PQUEUE Queue)
{
    InterlockedExchange(&Queue->Own, 0);
}
#endif

#ifdef HAS_DPC
static VOID Later(PKDPC Dpc, PVOID Context, PVOID One, PVOID Two)
{
    PDEVICE device = Context;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(One);
    UNREFERENCED_PARAMETER(Two);
#if defined(DPC_NOT_FLUSHED_POOL)
    ++*device->Queue.Pool;
#elif defined(SPINS_IN_DPC)
    TakeOwn(&device->Queue);
    device->Queue.Seen++;
    LeaveOwn(&device->Queue);
#else
    device->Queue.Seen++;
#endif
}
#endif

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

static VOID CancelRoutine(PDEVICE_OBJECT Object, PIRP Irp)
{
    PDEVICE device = Object->DeviceExtension;
    PQUEUE queue = &device->Queue;
    KIRQL irql = 0;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    LOCK(queue, irql);
    Unlink(&Irp->Tail.Overlay.ListEntry);
    queue->Pending--;
    queue->Ended[EndCanceled]++;
    UNLOCK(queue, irql);
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
#ifdef HAS_DPC
    KeInitializeDpc(&queue->Dpc, Later, Device);
#endif
    return STATUS_SUCCESS;
}

static NTSTATUS QueueStart(PDEVICE Device)
{
#ifdef DPC_NOT_FLUSHED_POOL
    if (!Device->Queue.Pool) {
        Device->Queue.Pool = ExAllocatePool2(0x40 /* POOL_FLAG_NON_PAGED */, 64, TAG);
    }
#endif
    UNREFERENCED_PARAMETER(Device);
    return STATUS_SUCCESS;
}

static VOID QueueFree(PDEVICE Device)
{
#ifdef DPC_NOT_FLUSHED_POOL
    if (Device->Queue.Pool) {
        ExFreePoolWithTag(Device->Queue.Pool, TAG);
    }
#endif
#ifdef SPINS_IN_DPC
    KeFlushQueuedDpcs();
#endif
    UNREFERENCED_PARAMETER(Device);
}

static VOID HandleInitialize(PHANDLE_CONTEXT Handle)
{
    ExInitializeRundownProtection(&Handle->Open);
    Handle->Outstanding = 0;
}

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
    KIRQL irql = 0;
    LONG64 id;

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

    UNREFERENCED_PARAMETER(Timeout);
#ifdef COUNTED_UNLOCKED
    queue->Pending++;
#endif
    LOCK(queue, irql);
    IoMarkIrpPending(Irp);
    LinkBefore(&queue->List, &Irp->Tail.Overlay.ListEntry);
    queue->Pended++;
#ifndef COUNTED_UNLOCKED
    queue->Pending++;
#endif
    if (queue->Pending > queue->HighWater) {
        queue->HighWater = queue->Pending;
    }
#ifdef CHECKED_BEFORE_SET
    if (Irp->Cancel) {
#else
    IoSetCancelRoutine(Irp, CancelRoutine);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
#endif
        Unlink(&Irp->Tail.Overlay.ListEntry);
        queue->Pending--;
        queue->Ended[EndCanceled]++;
        UNLOCK(queue, irql);
        QueueEnd(Device, Irp, STATUS_CANCELLED, 0);
        return STATUS_PENDING;
    }
#ifdef CHECKED_BEFORE_SET
    IoSetCancelRoutine(Irp, CancelRoutine);
#endif
    UNLOCK(queue, irql);
#ifdef TOUCHED_AFTER_QUEUED
    if (note->Tag != Tag) {
        KeBugCheckEx(0, 0, 0, 0, 0);
    }
#endif
    return STATUS_PENDING;
}

static PIRP QueueRemove(PDEVICE Device, PPEEK Peek)
{
    PQUEUE queue = &Device->Queue;
    PLIST_ENTRY entry;
    PIRP irp = NULL;
    KIRQL irql = 0;

    LOCK(queue, irql);
    for (entry = queue->List.Flink; entry != &queue->List; entry = entry->Flink) {
        irp = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
        if (!Matches(irp, Peek)) {
            continue;
        }
#ifdef RETURN_IGNORED
        IoSetCancelRoutine(irp, NULL);
#else
        if (IoSetCancelRoutine(irp, NULL) == NULL) {
            continue;
        }
#endif
        Unlink(entry);
        queue->Pending--;
        queue->Ended[Peek->Ending]++;
        UNLOCK(queue, irql);
#ifdef HAS_DPC
        KeInsertQueueDpc(&queue->Dpc, NULL, NULL);
#endif
#ifdef SPINS_IN_DPC
        TakeOwn(queue);
        queue->Seen++;
        LeaveOwn(queue);
#endif
        return irp;
    }
    UNLOCK(queue, irql);
    return NULL;
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
    KIRQL irql = 0;

    RtlZeroMemory(Statistics, sizeof(*Statistics));
    LOCK(queue, irql);
    Statistics->Pended = queue->Pended;
    Statistics->Completed = queue->Ended[EndCompleted];
    Statistics->Canceled = queue->Ended[EndCanceled];
    Statistics->Flushed = queue->Ended[EndFlushed];
    Statistics->Pending = queue->Pending;
    Statistics->HighWater = queue->HighWater;
    UNLOCK(queue, irql);
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
    return QueueClaim(Device, Irp, Information);
}
