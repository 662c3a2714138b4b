/* The best this project can do in C with the data structures of csq.sys: a slot per request, found by
 * an id in constant time; a chain per handle, so that nobody else's requests are ever looked at; a
 * second queue for claimed requests under the same lock; no memory taken per request. As in csq.sys,
 * a request that comes in finds out under the lock that its handle or device is being closed, so there
 * are no rundowns.
 *
 * It does less than csq.sys: no claims that wait, and CANCEL chooses its requests one by one. */
#include "trace.h"

typedef enum _PLACE {
    Pending,
    Claimed,
    Places,
    Moving = Places
} PLACE;

/* DriverContext[2] of a request points here. In a row of such lines, what only claimed requests need being
 * elsewhere, as in csq.sys. */
typedef struct DECLSPEC_ALIGN(64) _SLOT {
    PIRP Irp;
    PHANDLE_CONTEXT Owner;
    ULONG64 Tag;
    ULONG64 Sequence;
    ULONG Generation;
    UCHAR Place;
    /* Why the request ends, once that is decided: an ENDING, or Undecided. Under the lock, as Place. */
    UCHAR Fate;
    /* Whether its removal has counted its end. */
    BOOLEAN Counted;
    /* How many use the slot, if the request has a timer; otherwise 0. */
    volatile LONG Users;
    PQUEUE Queue;
    /* The next free slot's number, from 1. */
    ULONG NextFree;
} SLOT, *PSLOT;

C_ASSERT(sizeof(SLOT) == 64);

/* For each slot, if its request is claimed. */
typedef struct _SERVING {
    LIST_ENTRY Link;
    PHANDLE_CONTEXT Server;
} SERVING, *PSERVING;

/* For each slot, if its request has a timer. */
typedef struct _TIMING {
    IO_CSQ_IRP_CONTEXT Context;
    KTIMER Timer;
    KDPC Dpc;
} TIMING, *PTIMING;

/* Keeps its neighbors out of one cache line, wherever the extension begins. */
typedef struct _APART {
    ULONG64 Unused[7];
} APART;

/* In this order: what is only read once there are slots; the free slots, which change without the
 * lock; what changes with it; what seldom changes. */
struct _QUEUE {
    IO_CSQ Csqs[Places];
    PSLOT Slots;
    PSERVING Servings;
    PTIMING Timings;
    ULONG SlotCount;
    APART Apart1;
    /* The number of the first free slot, and above it a count against ABA. */
    volatile LONG64 Free;
    APART Apart2;
    LIST_ENTRY Lists[Places];
    PIRP Peeked;
    /* An ENDING, or EndCount for a request that moves. */
    ULONG Purpose;
    BOOLEAN Retired;
    ULONG64 Pended;
    ULONG64 Live;
    ULONG64 HighWater;
    ULONG64 Ended[EndCount];
    ULONG64 Claims;
    KSPIN_LOCK Lock;
    APART Apart3;
    /* Canceled before they were linked, and between the queues; not under the lock. */
    volatile LONG64 CanceledEarly;
    volatile LONG64 CanceledMoving;
    volatile LONG64 Refused;
};

struct _HANDLE_CONTEXT {
    volatile LONG Outstanding;
    /* Under the lock, as the lists are. */
    BOOLEAN Closing;
    LIST_ENTRY Chain[Places];
    LIST_ENTRY Served;
};

/* Removals that only this file knows of, besides WHICH. */
#define WhichClaim ((WHICH)(WhichId + 1))
#define WhichServed ((WHICH)(WhichId + 2))
#define ToMove ((ENDING)EndCount)
#define Undecided EndCount

/* Closing and removal are seen under the lock, as in csq.sys: nobody waits for what is on its way in. */
#define RUNDOWNS 0
#define TIMEOUTS 1

#include "frame.h"

#define SLOT_OF(irp) ((PSLOT)(irp)->Tail.Overlay.DriverContext[2])
#define CHAIN_LINK(irp) ((PLIST_ENTRY)&(irp)->Tail.Overlay.DriverContext[0])
#define IRP_OF_CHAIN(link) CONTAINING_RECORD(link, IRP, Tail.Overlay.DriverContext[0])
#define SERVING_OF(queue, slot) (&(queue)->Servings[(slot) - (queue)->Slots])
#define TIMING_OF(queue, slot) (&(queue)->Timings[(slot) - (queue)->Slots])
#define ID_OF(queue, slot) ((ULONG64)(slot)->Generation << 32 | (ULONG)((slot) - (queue)->Slots))

/* ---- Slots ---- */

static PSLOT TakeSlot(PQUEUE Queue)
{
    LONG64 head = Queue->Free;

    while ((ULONG)head != 0) {
        PSLOT slot = &Queue->Slots[(ULONG)head - 1];
        LONG64 next = (LONG64)(((ULONG64)head >> 32) + 1) << 32 | slot->NextFree;
        LONG64 found = InterlockedCompareExchange64(&Queue->Free, next, head);
        if (found == head) {
            return slot;
        }
        head = found;
    }
    return NULL;
}

static VOID FreeSlot(PQUEUE Queue, PSLOT Slot)
{
    ULONG number = (ULONG)(Slot - Queue->Slots) + 1;
    LONG64 head = Queue->Free;

    Slot->Generation++;
    for (;;) {
        LONG64 next = (LONG64)((ULONG64)head >> 32) << 32 | number;
        LONG64 found;
        Slot->NextFree = (ULONG)head;
        found = InterlockedCompareExchange64(&Queue->Free, next, head);
        if (found == head) {
            return;
        }
        head = found;
    }
}

static PSLOT FindSlot(PQUEUE Queue, ULONG64 Id, PLACE Place)
{
    ULONG index = (ULONG)Id;
    PSLOT slot = &Queue->Slots[index];

    return index < Queue->SlotCount && slot->Generation == Id >> 32 && slot->Place == Place ? slot : NULL;
}

/* Decides why a request ends, unless that is decided. Returns whether it was not. */
static FORCEINLINE BOOLEAN Decide(PSLOT Slot, ENDING Ending)
{
    BOOLEAN first = Slot->Fate == Undecided;

    if (first) {
        Slot->Fate = (UCHAR)Ending;
    }
    return first;
}

/* ---- Callbacks, made for each place, so that the compiler knows it ---- */

#define QUEUE_OF(csq, place) CONTAINING_RECORD(csq, QUEUE, Csqs[place])

/* Where a request that comes back belongs: those that are older are few and all came back too. */
static PLIST_ENTRY SortedPlace(PLIST_ENTRY List, ULONG64 Sequence)
{
    PLIST_ENTRY entry = List->Flink;

    while (entry != List
        && SLOT_OF(CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry))->Sequence < Sequence) {
        entry = entry->Flink;
    }
    return entry;
}

static NTSTATUS InsertPending(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PQUEUE queue = QUEUE_OF(Csq, Pending);
    PSLOT slot = SLOT_OF(Irp);
    PLIST_ENTRY list = &queue->Lists[Pending];

    UNREFERENCED_PARAMETER(Context);
    if (slot->Fate != Undecided || slot->Owner->Closing || queue->Retired) {
        Decide(slot, EndFlushed);
        /* A new request counts as one that came before that. */
        if (slot->Sequence == 0) {
            slot->Counted = TRUE;
            queue->Pended++;
            queue->Ended[slot->Fate]++;
        }
        return queue->Retired ? STATUS_DEVICE_REMOVED : STATUS_CANCELLED;
    }
    if (slot->Sequence == 0) {
        LinkBefore(list, &Irp->Tail.Overlay.ListEntry);
        slot->Sequence = ++queue->Pended;
        if (++queue->Live > queue->HighWater) {
            queue->HighWater = queue->Live;
        }
    } else {
        LinkBefore(SortedPlace(list, slot->Sequence), &Irp->Tail.Overlay.ListEntry);
    }
    LinkBefore(&slot->Owner->Chain[Pending], CHAIN_LINK(Irp));
    slot->Place = Pending;
    return STATUS_SUCCESS;
}

static NTSTATUS InsertClaimed(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PQUEUE queue = QUEUE_OF(Csq, Claimed);
    PHANDLE_CONTEXT server = Context;
    PSLOT slot = SLOT_OF(Irp);
    PSERVING serving = SERVING_OF(queue, slot);

    if (server->Closing) {
        return STATUS_FILE_CLOSED;
    }
    if (slot->Fate != Undecided || slot->Owner->Closing) {
        return STATUS_CANCELLED;
    }
    if (queue->Retired) {
        return STATUS_DEVICE_REMOVED;
    }
    LinkBefore(&queue->Lists[Claimed], &Irp->Tail.Overlay.ListEntry);
    LinkBefore(&slot->Owner->Chain[Claimed], CHAIN_LINK(Irp));
    LinkBefore(&server->Served, &serving->Link);
    serving->Server = server;
    slot->Place = Claimed;
    queue->Claims++;
    return STATUS_SUCCESS;
}

/* Unlinks a request and counts what it was removed for. */
static FORCEINLINE VOID RemoveFrom(PQUEUE Queue, PIRP Irp)
{
    PSLOT slot = SLOT_OF(Irp);
    ULONG purpose = Queue->Peeked == Irp ? Queue->Purpose : EndCanceled;

    Unlink(&Irp->Tail.Overlay.ListEntry);
    Unlink(CHAIN_LINK(Irp));
    slot->Place = Moving;
    Queue->Peeked = NULL;
    if (purpose != ToMove) {
        Decide(slot, (ENDING)purpose);
        slot->Counted = TRUE;
        Queue->Ended[slot->Fate]++;
        Queue->Live--;
    }
}

static VOID UnlinkPending(PIO_CSQ Csq, PIRP Irp)
{
    RemoveFrom(QUEUE_OF(Csq, Pending), Irp);
}

static VOID UnlinkClaimed(PIO_CSQ Csq, PIRP Irp)
{
    PQUEUE queue = QUEUE_OF(Csq, Claimed);

    Unlink(&SERVING_OF(queue, SLOT_OF(Irp))->Link);
    queue->Claims--;
    RemoveFrom(queue, Irp);
}

static FORCEINLINE PIRP NextInList(PLIST_ENTRY List, PIRP Irp)
{
    PLIST_ENTRY next = Irp == NULL ? List->Flink : Irp->Tail.Overlay.ListEntry.Flink;

    return next == List ? NULL : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
}

static FORCEINLINE PIRP NextInChain(PLIST_ENTRY Chain, PIRP Irp)
{
    PLIST_ENTRY next = Irp == NULL ? Chain->Flink : CHAIN_LINK(Irp)->Flink;

    return next == Chain ? NULL : IRP_OF_CHAIN(next);
}

/* Only a flush is about requests that are ending already, too. */
static FORCEINLINE BOOLEAN Passed(PIRP Irp, PPEEK Peek)
{
    return SLOT_OF(Irp)->Fate != Undecided && Peek->Ending != EndFlushed;
}

static PIRP NextServed(PQUEUE Queue, PLIST_ENTRY Served, PIRP Irp)
{
    PLIST_ENTRY next = Irp == NULL ? Served->Flink : SERVING_OF(Queue, SLOT_OF(Irp))->Link.Flink;

    if (next == Served) {
        return NULL;
    }
    return Queue->Slots[CONTAINING_RECORD(next, SERVING, Link) - Queue->Servings].Irp;
}

/* The one with an id; there is none after it. */
static FORCEINLINE PIRP WithId(PQUEUE Queue, PPEEK Peek, PLACE Place, PIRP Irp)
{
    PSLOT slot = Irp == NULL ? FindSlot(Queue, Peek->Target, Place) : NULL;

    if (slot == NULL || slot->Fate != Undecided
        || (Peek->Which == WhichClaim ? SERVING_OF(Queue, slot)->Server : slot->Owner) != Peek->Handle) {
        return NULL;
    }
    return slot->Irp;
}

static FORCEINLINE PIRP PeekAt(PQUEUE Queue, PIRP Irp, PPEEK Peek, PLACE Place)
{
    switch ((int)Peek->Which) {
    case WhichAny:
        do {
            Irp = NextInList(&Queue->Lists[Place], Irp);
        } while (Irp != NULL && Passed(Irp, Peek));
        break;
    case WhichFile:
        do {
            Irp = NextInChain(&Peek->Handle->Chain[Place], Irp);
        } while (Irp != NULL && Passed(Irp, Peek));
        break;
    case WhichTag:
        do {
            Irp = NextInChain(&Peek->Handle->Chain[Place], Irp);
        } while (Irp != NULL && (SLOT_OF(Irp)->Tag != Peek->Target || Passed(Irp, Peek)));
        break;
    case WhichServed:
        do {
            Irp = NextServed(Queue, &Peek->Handle->Served, Irp);
        } while (Irp != NULL && Passed(Irp, Peek));
        break;
    default:
        Irp = WithId(Queue, Peek, Place, Irp);
        break;
    }
    Queue->Peeked = Irp;
    Queue->Purpose = Peek->Ending;
    return Irp;
}

static PIRP PeekPending(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    return PeekAt(QUEUE_OF(Csq, Pending), Irp, Context, Pending);
}

static PIRP PeekClaimed(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    return PeekAt(QUEUE_OF(Csq, Claimed), Irp, Context, Claimed);
}

static VOID AcquirePending(PIO_CSQ Csq, PKIRQL Irql)
{
    KeAcquireSpinLock(&QUEUE_OF(Csq, Pending)->Lock, Irql);
}

static VOID AcquireClaimed(PIO_CSQ Csq, PKIRQL Irql)
{
    KeAcquireSpinLock(&QUEUE_OF(Csq, Claimed)->Lock, Irql);
}

static VOID ReleasePending(PIO_CSQ Csq, KIRQL Irql)
{
    KeReleaseSpinLock(&QUEUE_OF(Csq, Pending)->Lock, Irql);
}

static VOID ReleaseClaimed(PIO_CSQ Csq, KIRQL Irql)
{
    KeReleaseSpinLock(&QUEUE_OF(Csq, Claimed)->Lock, Irql);
}

static VOID CompleteCanceled(PQUEUE Queue, PIRP Irp)
{
    PSLOT slot = SLOT_OF(Irp);

    /* Canceled before the insertion: counted here, where no lock may be taken. */
    if (!slot->Counted) {
        InterlockedIncrement64(slot->Sequence == 0 ? &Queue->CanceledEarly : &Queue->CanceledMoving);
    }
    QueueEnd(CONTAINING_RECORD(Queue, DEVICE, Queue), Irp, STATUS_CANCELLED, 0);
}

static VOID CompleteCanceledPending(PIO_CSQ Csq, PIRP Irp)
{
    CompleteCanceled(QUEUE_OF(Csq, Pending), Irp);
}

static VOID CompleteCanceledClaimed(PIO_CSQ Csq, PIRP Irp)
{
    CompleteCanceled(QUEUE_OF(Csq, Claimed), Irp);
}

/* ---- What the frame calls ---- */

static VOID QueueLoad(VOID)
{
    TraceRegister();
}

static VOID QueueUnload(VOID)
{
    TraceUnregister();
}

static NTSTATUS QueueInitialize(PDEVICE Device)
{
    PQUEUE queue = &Device->Queue;
    NTSTATUS status;

    KeInitializeSpinLock(&queue->Lock);
    InitializeListHead(&queue->Lists[Pending]);
    InitializeListHead(&queue->Lists[Claimed]);
    status = IoCsqInitializeEx(&queue->Csqs[Pending], InsertPending, UnlinkPending, PeekPending,
        AcquirePending, ReleasePending, CompleteCanceledPending);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    return IoCsqInitializeEx(&queue->Csqs[Claimed], InsertClaimed, UnlinkClaimed, PeekClaimed,
        AcquireClaimed, ReleaseClaimed, CompleteCanceledClaimed);
}

static VOID FreeTable(PQUEUE Queue)
{
    PVOID columns[] = { Queue->Slots, Queue->Servings, Queue->Timings };
    ULONG index;

    for (index = 0; index < ARRAYSIZE(columns); index++) {
        if (columns[index] != NULL) {
            ExFreePoolWithTag(columns[index], TAG);
        }
    }
    Queue->Slots = NULL;
    Queue->Servings = NULL;
    Queue->Timings = NULL;
}

static NTSTATUS QueueStart(PDEVICE Device)
{
    PQUEUE queue = &Device->Queue;
    ULONG index;

    if (queue->Slots != NULL) {
        return STATUS_SUCCESS;
    }
    queue->Slots = ExAllocatePool2(0x40, (SIZE_T)Device->DeviceLimit * sizeof(SLOT), TAG);
    if (queue->Slots == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    queue->Servings = ExAllocatePool2(0x40, (SIZE_T)Device->DeviceLimit * sizeof(SERVING), TAG);
    queue->Timings = ExAllocatePool2(0x40, (SIZE_T)Device->DeviceLimit * sizeof(TIMING), TAG);
    if (queue->Servings == NULL || queue->Timings == NULL) {
        FreeTable(queue);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    queue->SlotCount = Device->DeviceLimit;
    for (index = 0; index < queue->SlotCount; index++) {
        queue->Slots[index].Generation = 1;
        queue->Slots[index].Place = Moving;
        queue->Slots[index].Queue = queue;
        queue->Slots[index].NextFree = index + 1 == queue->SlotCount ? 0 : index + 2;
    }
    queue->Free = 1;
    return STATUS_SUCCESS;
}

static VOID QueueFree(PDEVICE Device)
{
    /* Timers that went off may have their routines running still. */
    KeFlushQueuedDpcs();
    FreeTable(&Device->Queue);
}

static VOID HandleInitialize(PHANDLE_CONTEXT Handle)
{
    Handle->Outstanding = 0;
    Handle->Closing = FALSE;
    InitializeListHead(&Handle->Chain[Pending]);
    InitializeListHead(&Handle->Chain[Claimed]);
    InitializeListHead(&Handle->Served);
}

/* ---- Timeouts ---- */

static VOID LeaveSlot(PQUEUE Queue, PSLOT Slot, LONG Users)
{
    if (InterlockedExchangeAdd(&Slot->Users, -Users) == Users) {
        FreeSlot(Queue, Slot);
    }
}

static VOID TimedOut(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PSLOT slot = Context;
    PQUEUE queue = slot->Queue;
    BOOLEAN first;
    ULONG place;
    KIRQL irql;
    PIRP irp;

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    KeAcquireSpinLock(&queue->Lock, &irql);
    place = slot->Place;
    first = Decide(slot, EndTimedOut);
    KeReleaseSpinLock(&queue->Lock, irql);
    /* One that moves is ended by who moves it. */
    if (first && place < Places) {
        irp = IoCsqRemoveIrp(&queue->Csqs[place], &TIMING_OF(queue, slot)->Context);
        if (irp != NULL) {
            QueueEnd(CONTAINING_RECORD(queue, DEVICE, Queue), irp, STATUS_IO_TIMEOUT, 0);
        }
    }
    LeaveSlot(queue, slot, 1);
}

static DECLSPEC_NOINLINE VOID StartTimer(PQUEUE Queue, PSLOT Slot, ULONG Milliseconds)
{
    PTIMING timing = TIMING_OF(Queue, Slot);
    LARGE_INTEGER due;

    Slot->Users = 2;
    KeInitializeTimer(&timing->Timer);
    KeInitializeDpc(&timing->Dpc, TimedOut, Slot);
    due.QuadPart = -(LONG64)Milliseconds * 10000;
    KeSetTimer(&timing->Timer, due, &timing->Dpc);
}

static DECLSPEC_NOINLINE VOID StopTimer(PQUEUE Queue, PSLOT Slot)
{
    LeaveSlot(Queue, Slot, KeCancelTimer(&TIMING_OF(Queue, Slot)->Timer) ? 2 : 1);
}

/* A request with a timer is inserted with a context, by which the timer finds it. */
static FORCEINLINE PIO_CSQ_IRP_CONTEXT ContextOf(PQUEUE Queue, PSLOT Slot)
{
    if (Slot->Users == 0) {
        return NULL;
    }
    RtlZeroMemory(&TIMING_OF(Queue, Slot)->Context, sizeof(IO_CSQ_IRP_CONTEXT));
    return &TIMING_OF(Queue, Slot)->Context;
}

/* ---- What the frame calls, for requests ---- */

static BOOLEAN EnterQuota(PHANDLE_CONTEXT Handle, ULONG Limit)
{
    LONG count = Handle->Outstanding;

    while ((ULONG)count < Limit) {
        LONG found = InterlockedCompareExchange(&Handle->Outstanding, count + 1, count);
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
    NTSTATUS status;
    PSLOT slot;

    if (!EnterQuota(Handle, Device->HandleLimit)) {
        InterlockedIncrement64(&queue->Refused);
        return STATUS_QUOTA_EXCEEDED;
    }
    slot = TakeSlot(queue);
    if (slot == NULL) {
        InterlockedDecrement(&Handle->Outstanding);
        InterlockedIncrement64(&queue->Refused);
        return STATUS_QUOTA_EXCEEDED;
    }
    slot->Irp = Irp;
    slot->Owner = Handle;
    slot->Tag = Tag;
    slot->Sequence = 0;
    slot->Fate = Undecided;
    slot->Counted = FALSE;
    note->Id = ID_OF(queue, slot);
    note->Tag = Tag;
    Irp->Tail.Overlay.DriverContext[2] = slot;
    if (TraceLevel != 0) {
        TraceWrite(EventPend, note->Id, Tag, Timeout);
    }
    if (Timeout != 0) {
        StartTimer(queue, slot, Timeout);
    }
    /* A refused request ends here, although it is marked: so it is, whether the refusal marks it or not. */
    IoMarkIrpPending(Irp);
    status = IoCsqInsertIrpEx(&queue->Csqs[Pending], Irp, ContextOf(queue, slot), NULL);
    if (!NT_SUCCESS(status)) {
        QueueEnd(Device, Irp, status, 0);
    }
    return STATUS_PENDING;
}

static PIRP QueueRemove(PDEVICE Device, PPEEK Peek)
{
    PQUEUE queue = &Device->Queue;
    PIRP irp = IoCsqRemoveNextIrp(&queue->Csqs[Pending], Peek);

    if (irp == NULL && Peek->Ending != EndCompleted) {
        irp = IoCsqRemoveNextIrp(&queue->Csqs[Claimed], Peek);
    }
    return irp;
}

static VOID QueueEnd(PDEVICE Device, PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    PSLOT slot = SLOT_OF(Irp);

    if (slot->Counted && slot->Fate == EndTimedOut) {
        Status = STATUS_IO_TIMEOUT;
    }
    if (TraceLevel != 0) {
        TraceWrite(EventEnd, ID_OF(&Device->Queue, slot), slot->Tag, Status);
    }
    InterlockedDecrement(&slot->Owner->Outstanding);
    if (slot->Users != 0) {
        StopTimer(&Device->Queue, slot);
    } else {
        FreeSlot(&Device->Queue, slot);
    }
    Finish(Device, Irp, Status, Information);
}

/* Ends a request that was on its way between the queues when its time was over, or its handle or its
 * device went away. */
static VOID EndMoving(PDEVICE Device, PIRP Irp, NTSTATUS Status)
{
    PQUEUE queue = &Device->Queue;
    PSLOT slot = SLOT_OF(Irp);
    KIRQL irql;

    KeAcquireSpinLock(&queue->Lock, &irql);
    Decide(slot, EndFlushed);
    slot->Counted = TRUE;
    queue->Ended[slot->Fate]++;
    queue->Live--;
    KeReleaseSpinLock(&queue->Lock, irql);
    QueueEnd(Device, Irp, Status, 0);
}

/* Puts a claimed request back where it came from. */
static VOID Return(PDEVICE Device, PIRP Irp)
{
    NTSTATUS status
        = IoCsqInsertIrpEx(&Device->Queue.Csqs[Pending], Irp, ContextOf(&Device->Queue, SLOT_OF(Irp)), NULL);

    if (!NT_SUCCESS(status)) {
        EndMoving(Device, Irp, status);
    }
}

static VOID QueueCloseHandle(PDEVICE Device, PHANDLE_CONTEXT Handle)
{
    PQUEUE queue = &Device->Queue;
    PEEK peek = { WhichServed, ToMove, NULL, Handle, 0 };
    KIRQL irql;
    PIRP irp;

    KeAcquireSpinLock(&queue->Lock, &irql);
    Handle->Closing = TRUE;
    KeReleaseSpinLock(&queue->Lock, irql);
    while ((irp = IoCsqRemoveNextIrp(&queue->Csqs[Claimed], &peek)) != NULL) {
        Return(Device, irp);
    }
    /* What is left is ending, and will be taken out of a list of its own. */
    KeAcquireSpinLock(&queue->Lock, &irql);
    while (!IsListEmpty(&Handle->Served)) {
        PLIST_ENTRY link = Handle->Served.Flink;
        Unlink(link);
        InitializeListHead(link);
    }
    KeReleaseSpinLock(&queue->Lock, irql);
}

static VOID QueueRetire(PDEVICE Device)
{
    KIRQL irql;

    KeAcquireSpinLock(&Device->Queue.Lock, &irql);
    Device->Queue.Retired = TRUE;
    KeReleaseSpinLock(&Device->Queue.Lock, irql);
}

static VOID QueueStatistics(PDEVICE Device, STATISTICS *Statistics)
{
    PQUEUE queue = &Device->Queue;
    LONG64 early, moving;
    KIRQL irql;

    RtlZeroMemory(Statistics, sizeof(*Statistics));
    KeAcquireSpinLock(&queue->Lock, &irql);
    early = queue->CanceledEarly;
    moving = queue->CanceledMoving;
    Statistics->Pended = queue->Pended + early;
    Statistics->Completed = queue->Ended[EndCompleted];
    Statistics->Canceled = queue->Ended[EndCanceled] + early + moving;
    Statistics->Flushed = queue->Ended[EndFlushed];
    Statistics->TimedOut = queue->Ended[EndTimedOut];
    Statistics->Pending = queue->Live - queue->Claims - moving;
    Statistics->Claimed = queue->Claims;
    Statistics->HighWater = queue->HighWater;
    KeReleaseSpinLock(&queue->Lock, irql);
    Statistics->Refused = queue->Refused;
    Statistics->Handles = Device->Handles;
}

/* Copies what a server wants to know of a request. Returns how many bytes. */
static ULONG Describe(PIRP Irp, CLAIMED *Output)
{
    ULONG length = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.InputBufferLength - sizeof(PEND);
    const UCHAR *buffer = Irp->AssociatedIrp.SystemBuffer;
    const NOTE *note = Irp->AssociatedIrp.SystemBuffer;

    Output->Id = note->Id;
    Output->Tag = note->Tag;
    Output->PayloadLength = length;
    Output->Reserved = 0;
    RtlCopyMemory(Output + 1, buffer + sizeof(PEND), length);
    return sizeof(*Output) + length;
}

static NTSTATUS QueueClaim(PDEVICE Device, PIRP Irp, PULONG_PTR Information)
{
    PQUEUE queue = &Device->Queue;
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    const CLAIM *input = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = stack->Parameters.DeviceIoControl.InputBufferLength;
    PHANDLE_CONTEXT server = HandleOf(stack);
    PEEK peek = { WhichAny, ToMove, NULL, NULL, 0 };
    NTSTATUS status;
    PIRP irp;

    if (length < sizeof(*input)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (input->Version != PROTOCOL_VERSION) {
        return STATUS_REVISION_MISMATCH;
    }
    if (length != sizeof(*input)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (input->Flags != 0) {
        return input->Flags == 1 ? STATUS_NOT_SUPPORTED : STATUS_INVALID_PARAMETER;
    }
    if (stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(CLAIMED) + MAX_PAYLOAD) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (server == NULL) {
        return STATUS_FILE_CLOSED;
    }
    for (;;) {
        irp = IoCsqRemoveNextIrp(&queue->Csqs[Pending], &peek);
        if (irp == NULL) {
            return STATUS_NOT_FOUND;
        }
        *Information = Describe(irp, Irp->AssociatedIrp.SystemBuffer);
        status = IoCsqInsertIrpEx(&queue->Csqs[Claimed], irp, ContextOf(queue, SLOT_OF(irp)), server);
        if (NT_SUCCESS(status)) {
            return STATUS_SUCCESS;
        }
        *Information = 0;
        if (status == STATUS_FILE_CLOSED) {
            Return(Device, irp);
            return status;
        }
        EndMoving(Device, irp, status);
    }
}

static NTSTATUS QueueComplete(PDEVICE Device, PIRP Irp, PULONG_PTR Information)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    const COMPLETE *input = Irp->AssociatedIrp.SystemBuffer;
    DELIVERED *output = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = stack->Parameters.DeviceIoControl.InputBufferLength;
    PEEK peek = { WhichClaim, EndCompleted, NULL, HandleOf(stack), 0 };
    NTSTATUS status;
    PIRP irp;

    if (length < sizeof(*input)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (input->Version != PROTOCOL_VERSION) {
        return STATUS_REVISION_MISMATCH;
    }
    if (input->Reserved != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    length -= sizeof(*input);
    status = CheckPayload(input->PayloadLength, length);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (input->Status == (ULONG)STATUS_PENDING || input->Status == (ULONG)STATUS_REPARSE
        || input->Status == (ULONG)STATUS_VERIFY_REQUIRED || input->Status == (ULONG)-1
        || (NT_ERROR(input->Status) && length != 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(*output)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (peek.Handle == NULL) {
        return STATUS_NOT_FOUND;
    }
    peek.Target = input->Id;
    irp = IoCsqRemoveNextIrp(&Device->Queue.Csqs[Claimed], &peek);
    if (irp == NULL) {
        return STATUS_NOT_FOUND;
    }
    output->Delivered = Answer(Device, irp, input->Status, input + 1, length);
    output->Reserved = 0;
    *Information = sizeof(*output);
    return STATUS_SUCCESS;
}
